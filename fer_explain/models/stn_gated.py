"""EmoNeXt's idea on any timm backbone: ``stn_<gate>_<timm backbone>``, gate = se | eca | cbam.

::

    x (N, 3, S, S) -> STN -> stem -> [stage_i -> gate_i] -> timm's own pooled head -> (N, K)

The stages are those of timm's ``feature_info``; each stage's last module is replaced by "itself, then a gate", so any
convolutional backbone works as timm wrote it, pretrained weights included. Two are small enough to be fine-tuned on a
CPU: ``stn_se_efficientnet_lite0`` from ImageNet's weights, and the default of the app, ``stn_se_mobilenetv1_vggface2``,
from those of face recognition.

STN: Jaderberg et al. 2015, equations 1 and 5. Gates: Hu et al. 2018, equations 2 to 4 (SE); Wang et al. 2020, section
3.2 (ECA); Woo et al. 2018, equations 2 and 3 (CBAM). Their places: No-SA 2026, section 3.4.

=============================== ===== ========== =============
network                         input parameters multiply-adds
=============================== ===== ========== =============
``stn_se_efficientnet_lite0``      96      3.5 M        83.6 M
``stn_se_mobilenetv1_vggface2``   112      3.6 M       166.3 M
=============================== ===== ========== =============

Shapes of ``stn_se_efficientnet_lite0``: ``stn`` 3x96x96, ``backbone.conv_stem`` 32x48x48, ``backbone.blocks.0``
16x48x48, ``backbone.blocks.1`` 24x24x24, ``backbone.blocks.2`` 40x12x12, ``backbone.blocks.4`` 112x6x6,
``backbone.blocks.6`` 320x3x3, ``backbone.conv_head`` 1280x3x3.

Shapes of ``stn_se_mobilenetv1_vggface2``: ``stn`` 3x112x112, ``backbone.conv_stem`` 32x56x56, ``backbone.blocks.0``
64x56x56, ``backbone.blocks.1`` 128x28x28, ``backbone.blocks.2`` 256x14x14, ``backbone.blocks.3`` 512x7x7,
``backbone.blocks.4`` 1024x4x4.

Decisions: gates start near one (``gate_init="identity"``), since the backbone usually comes trained. Grad-CAM reads
the last stage's gated output, where SE and CAM speak of the same channels. On 24 validation faces that map passes
curves, ROAD and infidelity together on 8 % for both checkpoints of MobileNetV1; the map of the stage before,
``backbone.blocks.3`` with 8x8 places, on 33 % for ``field_stn_se_mobilenetv1`` and 8 % for ``stn_se_mobilenetv1``
(docs/cam_layers.md): too uneven for a change. Any backbone of the family gets 224 px and ImageNet's normalisation.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import timm
import torch
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.models.backbone import timm_backbone
from fer_explain.models.inputs import IMAGENET_224
from fer_explain.models.layers.gates import GATE_NAMES, GateInit, make_gate
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.models.registry import Architecture, Pretrained, register, register_family
from fer_explain.types import InputSpec

LITE0_96 = InputSpec(96, 3, (127 / 255,) * 3, (128 / 255,) * 3, "bicubic")

# The converted weights expect blue, green, red in 0..255 minus these means; a gray face has three equal channels, so
# the means in that order are all it takes.
VGGFACE2_112 = InputSpec(112, 3, (103.939 / 255, 116.779 / 255, 123.68 / 255), (1 / 255,) * 3)


class Gated(nn.Sequential):
    """A stage's last module (``body``), then the stage's ``gate`` layer."""

    def __init__(self, body: nn.Module, gate: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.gated = gate


class StnGatedBackbone(nn.Module):
    """STN in front of, and a gate after each stage of, a timm classifier.

    Args:
        backbone: any timm classifier with ``feature_info`` and (N, C, H, W) maps.
        gate: ``se`` | ``eca`` | ``cbam`` | ``none``.
        stn: re-align the input first.
        input_size: S, which fixes the localisation network's linear layer.

    Hook points: ``stn``, ``stn.theta``, ``backbone.<stage>.gated.gate``, ``backbone.<stage>`` (gated map).
    """

    def __init__(
        self,
        backbone: nn.Module,
        *,
        gate: str = "se",
        gate_init: GateInit = "identity",
        stn: bool = True,
        input_size: int = 96,
    ) -> None:
        super().__init__()
        if getattr(backbone, "output_fmt", "NCHW") != "NCHW":
            raise FerError(f"Gates need maps of (N, C, H, W); {type(backbone).__name__} puts out another layout.")
        self.stn = SpatialTransformer(3, input_size) if stn else nn.Identity()
        self.backbone = backbone
        for info in backbone.feature_info if gate != "none" else []:  # type: ignore[union-attr]
            path, channels = str(info["module"]), int(info["num_chs"])
            stage = backbone.get_submodule(path)
            backbone.set_submodule(path, Gated(stage, make_gate(gate, channels, init=gate_init)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of images (N, 3, S, S)."""
        logits: Tensor = self.backbone(self.stn(x))
        return logits


def _build(timm_name: str, num_classes: int, pretrained: Pretrained, **args: Any) -> StnGatedBackbone:
    own = {key: args.pop(key) for key in ("gate", "gate_init", "stn", "input_size") if key in args}
    return StnGatedBackbone(timm_backbone(timm_name, num_classes, pretrained, **args), **own)


@register_family
@cache
def _stn_gate_backbone(name: str) -> Architecture | None:
    """``stn_eca_resnet18`` -> EmoNeXt's idea on timm's resnet18 at 224 px."""
    parts = name.split("_", 2)
    if len(parts) != 3 or parts[0] != "stn" or parts[1] not in GATE_NAMES or not timm.is_model(parts[2]):
        return None
    _, gate, backbone = parts
    return Architecture(
        name=name,
        build=partial(_build, backbone, gate=gate, input_size=224),
        input=IMAGENET_224,
        cam_layer=f"backbone.{_last_stage(backbone)}",
        summary=f"STN + {backbone} with {gate.upper()} after each stage",
        title=f"{backbone} with STN and {gate.upper()}",
    )


def _last_stage(timm_name: str) -> str:
    """Path of the last stage, read off the model built without memory."""
    with torch.device("meta"):
        return str(timm.create_model(timm_name, num_classes=0).feature_info[-1]["module"])


register(
    Architecture(
        "stn_se_efficientnet_lite0",
        partial(_build, "tf_efficientnet_lite0", gate="se", input_size=LITE0_96.size),
        LITE0_96,
        cam_layer="backbone.blocks.6",
        summary="STN + EfficientNet-Lite0 with SE after each stage",
        title="STN-SE-EfficientNet-Lite0",
        paper="EmoNeXt's idea on EfficientNet-Lite 2020",
        recipe="finetune",
        compact=True,
    )
)

register(
    Architecture(
        "stn_se_mobilenetv1_vggface2",
        partial(_build, "mobilenetv1_100", gate="se", input_size=VGGFACE2_112.size, pad_type="same", act_layer="relu6"),
        VGGFACE2_112,
        cam_layer="backbone.blocks.4",
        summary="STN + MobileNetV1 with SE after each stage, made for weights from face recognition; the app's default",
        title="STN-SE-MobileNetV1",
        paper="EmoNeXt's idea on MobileNet 2017",
        recipe="finetune_faces",
        compact=True,
    )
)
