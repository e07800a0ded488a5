"""Plain networks to compare with, and the same as branches of the larger ones: Swin-Tiny, ResNet-50, two small kin.

::

    x (N, 3, S, S) -> timm's network as it is -> (N, K)

Swin Transformer: Liu et al. 2021, figure 3 and section 3.3 (Swin-T); in the paper that compares with it, Truong, Hoang
and Nguyen, figure 3. ResNet-50: He et al. 2016, table 1; there, figure 4.

================== ===== ========== =============
network            input parameters multiply-adds
================== ===== ========== =============
``resnet50``         224     23.5 M        4.09 G
``swin_tiny``        224     27.5 M        4.49 G
``swin_compact``      48      1.6 M        79.2 M
``resnet_compact``    48      1.6 M        55.1 M
================== ===== ========== =============

Shapes of ``swin_tiny`` (height, width, channels): ``patch_embed`` 56x56x96, ``layers.0`` 56x56x96,
``layers.1`` 28x28x192, ``layers.2`` 14x14x384, ``layers.3`` 7x7x768, ``norm`` 7x7x768.

Shapes of ``resnet50`` (channels, height, width): ``act1`` 64x112x112, ``maxpool`` 64x56x56, ``layer1`` 256x56x56,
``layer2`` 512x28x28, ``layer3`` 1024x14x14, ``layer4`` 2048x7x7.

Shapes of ``swin_compact``: ``patch_embed`` 12x12x48, ``layers.0`` 12x12x48, ``layers.1`` 6x6x96, ``layers.2`` 3x3x192,
``norm`` 3x3x192.

Shapes of ``resnet_compact``: ``act1`` 64x24x24, ``layer1`` 24x24x24, ``layer2`` 48x12x12, ``layer3`` 96x6x6,
``layer4`` 192x3x3.

Decisions:

* the compact Swin embeds with four overlapping 3x3 convolutions, the first of which keeps every pixel, and a 1x1 one
  instead of 4x4 patches: trained from scratch, a transformer learns faster so (Xiao et al. 2021, "Early
  convolutions", section 4). Depths 2-4-2, widths 48..192, heads of 24 channels, windows of 6: whole at 6 px, two by two
  of them, shifted, at 12 px.
* the compact ResNet is ResNet-18 without the max pool, its stages at 3/8 of their width behind the usual stem.
* Grad-CAM reads a Swin in front of its last normalisation; its map is (N, H, W, C). On 24 validation faces that map of
  ``swin_compact`` passes curves, ROAD and infidelity together on 21 %, the one behind the normalisation on 4 %, behind
  the last block's ``norm1`` 4 %, behind its ``norm2``, the layer most often read, 12 %; of drawn faces 16, 12, 11 and
  9 % of the mass lie on the part that decides. One block earlier it is 21 and 19 %, but the maximum is less often
  right (42 % of the faces instead of 46 %) and a block's work would be left out (docs/cam_layers.md). On 656 faces
  the map's agreement with the cost of hiding each part rose from 0.04 to 0.16 (``region_profile``; all
  before it went on with ``robust``). ``swin_tiny`` takes it from there; it was not measured.
* the compact ResNet keeps ``layer4``. The maximum of ``layer3`` lies on the deciding part of 100 % of drawn faces
  instead of 58 %, but as to receipts (21 and 8 %) and mass (27 and 25 %) the difference is within noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import nn

from fer_explain.models.backbone import timm_backbone
from fer_explain.models.inputs import GRAY_48, IMAGENET_224
from fer_explain.models.registry import Architecture, Build, Pretrained, register

SWIN_TINY = "swin_tiny_patch4_window7_224"
RESNET50 = "resnet50"


def compact_swin(
    num_classes: int, pretrained: Pretrained = False, *, width: int = 48, depths: Sequence[int] = (2, 4, 2), **args: Any
) -> nn.Module:
    """A small Swin for 48 px; last map (N, 3, 3, 4 ``width``)."""
    shape: dict[str, Any] = {
        "img_size": GRAY_48.size,
        "patch_size": 4,
        "window_size": 6,
        "embed_dim": width,
        "depths": tuple(depths),
        "num_heads": tuple(width // 24 * 2**stage for stage in range(len(depths))),
        "drop_path_rate": 0.0,
    }
    model = timm_backbone(SWIN_TINY, num_classes, pretrained, **(shape | args))
    model.set_submodule("patch_embed.proj", _overlapping_stem(width))
    return model


def _overlapping_stem(width: int) -> nn.Sequential:
    """(N, 3, S, S) -> (N, ``width``, S/4, S/4)."""
    widths = (3, width // 2, width, 2 * width, 2 * width)
    layers: list[nn.Module] = []
    for inner, outer, stride in zip(widths, widths[1:], (1, 2, 1, 2), strict=False):
        layers += [nn.Conv2d(inner, outer, kernel_size=3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outer)]
        layers += [nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], width, kernel_size=1))


def compact_resnet(num_classes: int, pretrained: Pretrained = False, width: int = 24, **args: Any) -> nn.Module:
    """A ResNet-18 of ``width`` (64 is the usual one) for 48 px; last map (N, 8 ``width``, 3, 3)."""
    channels = args.pop("channels", tuple(width * 2**stage for stage in range(4)))
    model = timm_backbone("resnet18", num_classes, pretrained, channels=channels, **args)
    model.maxpool = nn.Identity()
    return model


swin_tiny: Build = partial(timm_backbone, SWIN_TINY)
resnet50: Build = partial(timm_backbone, RESNET50)

register(
    Architecture(
        "swin_tiny",
        swin_tiny,
        IMAGENET_224,
        cam_layer="layers.3",
        cam_nhwc=True,
        summary="plain Swin Transformer, baseline of Swin-SE-ResNet",
        title="Swin-Tiny",
        paper="Swin 2021",
        recipe="swin_se_resnet",
    )
)
register(
    Architecture(
        "resnet50",
        resnet50,
        IMAGENET_224,
        cam_layer="layer4",
        summary="plain ResNet-50, baseline of Swin-SE-ResNet",
        title="ResNet-50",
        paper="ResNet 2016",
        recipe="swin_se_resnet",
    )
)
register(
    Architecture(
        "swin_compact",
        compact_swin,
        GRAY_48,
        cam_layer="layers.2",
        cam_nhwc=True,
        summary="small Swin Transformer with an overlapping stem",
        title="Compact Swin",
        paper="Swin 2021",
        recipe="compact",
        compact=True,
        from_scratch=True,
    )
)
register(
    Architecture(
        "resnet_compact",
        compact_resnet,
        GRAY_48,
        cam_layer="layer4",
        summary="narrow ResNet-18",
        title="Compact ResNet",
        paper="ResNet 2016",
        recipe="compact",
        compact=True,
        from_scratch=True,
    )
)
