"""Plain networks to compare with, and the same as branches of the larger ones: Swin-Tiny, ResNet-50, two small kin.

::

    x (N, 3, S, S) -> timm's network as it is -> (N, K)

Last maps: ``swin_tiny`` 7x7x768 and ``resnet50`` 2048x7x7 at 224; ``swin_compact`` 3x3x256 and ``resnet_compact``
256x3x3 at 48. Parameters with seven classes: 27.5 M, 23.5 M, 2.7 M, 2.8 M in that order.

Decisions: the compact Swin has 2x2 patches, widths 32..256, depths 2-2-4-2 and windows of 6, which divide its maps of
24, 12 and 6 px. The compact ResNet is ResNet-18 at half width without the max pool: its maps are 24, 12, 6 and 3 px.
Grad-CAM reads a Swin after its last normalisation: all that the logits see goes through it, and its map is
(N, H, W, C), while ``norm2`` of timm's last block already puts out a row of tokens.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import nn

from fer_explain.errors import FerError
from fer_explain.models.backbone import timm_backbone
from fer_explain.models.emonext import GRAY_48
from fer_explain.models.registry import Build, Pretrained, register

SWIN_TINY = "swin_tiny_patch4_window7_224"


def compact_swin(num_classes: int, pretrained: Pretrained = False, **args: Any) -> nn.Module:
    """A Swin of 2.7 M parameters for 48 px; last map (N, 3, 3, 256)."""
    shape: dict[str, Any] = {
        "img_size": GRAY_48.size,
        "patch_size": 2,
        "window_size": 6,
        "embed_dim": 32,
        "depths": (2, 2, 4, 2),
        "num_heads": (2, 4, 8, 16),
        "drop_path_rate": 0.0,
    }
    return timm_backbone(SWIN_TINY, num_classes, pretrained, **(shape | args))


def compact_resnet(num_classes: int, pretrained: Pretrained = False, width: int = 32, **args: Any) -> nn.Module:
    """A ResNet-18 of ``width`` (64 is the usual one) for 48 px; last map (N, 8 ``width``, 3, 3)."""
    channels = tuple(width * 2**stage for stage in range(4))
    model = timm_backbone("resnet18", num_classes, pretrained, channels=channels, **args)
    model.maxpool = nn.Identity()
    return model


def branch(build: Build, pretrained: Pretrained, **args: Any) -> nn.Module:
    """A network without its classifier, as one of several whose maps are joined; call its ``forward_features``.

    Raises:
        FerError: ``pretrained`` is a file, which can fit only one of the branches.
    """
    if not isinstance(pretrained, bool):
        raise FerError("This network has several backbones: --pretrained takes no file here, only the Hub's weights.")
    model: Any = build(num_classes=1, pretrained=pretrained, **args)
    model.reset_classifier(0)
    return model  # type: ignore[no-any-return]


swin_tiny: Build = partial(timm_backbone, SWIN_TINY)
resnet50: Build = partial(timm_backbone, "resnet50")

register(
    "swin_tiny",
    swin_tiny,
    cam_layer="norm",
    cam_nhwc=True,
    summary="plain Swin Transformer, baseline of Swin-SE-ResNet",
    paper="Swin 2021",
    recipe="swin_se_resnet",
)
register(
    "resnet50",
    resnet50,
    cam_layer="layer4",
    summary="plain ResNet-50, baseline of Swin-SE-ResNet",
    paper="ResNet 2016",
    recipe="swin_se_resnet",
)
register(
    "swin_compact",
    compact_swin,
    cam_layer="norm",
    cam_nhwc=True,
    summary="plain small Swin Transformer",
    input_spec=GRAY_48,
    paper="Swin 2021",
    recipe="compact",
    compact=True,
)
register(
    "resnet_compact",
    compact_resnet,
    cam_layer="layer4",
    summary="plain ResNet-18 at half width",
    input_spec=GRAY_48,
    paper="ResNet 2016",
    recipe="compact",
    compact=True,
)
