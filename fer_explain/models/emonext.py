"""EmoNeXt: an adapted ConvNeXt for facial emotion recognition (El Boudouri and Bohi, MMSP 2023, arXiv:2501.08199).

::

    x (N, 3, S, S) -> STN -> stem -> [stage_i -> SE_i] i = 1..4 -> mean over places -> LayerNorm -> linear -> (N, 7)
                                                                                   `-> self-attention (loss only)

The plain ConvNeXt baseline is the same class without STN, SE and attention, so that an ablation changes one option.

Place of the parts: No-SA 2026, section 3.2 and figure 2; STN: its section 3.3 and Jaderberg et al. 2015, equations 1
and 5; SE after each stage: its section 3.4 and Hu et al. 2018, equations 2 to 4; the regulariser: arXiv:2501.08199,
section III-D (:mod:`fer_explain.models.layers.attention`); stages: ConvNeXt, Liu et al. 2022, section 3.

======================= ===== ========== =============
network                 input parameters multiply-adds
======================= ===== ========== =============
``emonext_tiny``          224     30.6 M        4.53 G
``convnext_tiny``         224     27.8 M        4.45 G
``emonext_tiny_nosa``     224     28.8 M        4.53 G
``emonext_small``         224     52.2 M        8.76 G
``convnext_small``        224     49.5 M        8.68 G
``emonext_small_nosa``    224     50.4 M        8.76 G
``emonext_base``          224     91.8 M       15.43 G
``convnext_base``         224     87.6 M       15.35 G
``emonext_base_nosa``     224     88.6 M       15.43 G
``emonext_large``         224    204.6 M       34.44 G
``convnext_large``        224    196.2 M       34.36 G
``emonext_large_nosa``    224    197.5 M       34.44 G
``emonext_xlarge``        224    362.3 M       61.00 G
``convnext_xlarge``       224    348.2 M       60.92 G
``emonext_xlarge_nosa``   224    349.7 M       61.00 G
``emonext_atto``           48      3.6 M        45.1 M
``convnext_atto``          48      3.2 M        42.4 M
``emonext_atto_nosa``      48      3.3 M        45.1 M
``emonext_nano``           48      2.5 M        47.2 M
``convnext_nano``          48      2.3 M        44.5 M
``emonext_nano_nosa``      48      2.3 M        47.2 M
======================= ===== ========== =============

With SE in the downsample layers and the regulariser T to XL have the published 30.6 / 52.2 / 91.8 / 204.6 / 362.3 M.

Shapes of ``emonext_tiny``: ``stn`` 3x224x224, ``backbone.stem`` 96x56x56, ``gates.0`` 96x56x56, ``gates.1`` 192x28x28,
``gates.2`` 384x14x14, ``gates.3`` 768x7x7, ``features`` 768x7x7.

Shapes of ``emonext_atto``: ``stn`` 3x48x48, ``backbone.stem`` 40x24x24, ``gates.0`` 40x12x12, ``gates.1`` 80x6x6,
``gates.2`` 160x3x3, ``gates.3`` 320x3x3, ``features`` 320x3x3.

Decisions where the sources are silent or differ:

* ``se_placement``: the papers' text puts SE after every stage ("stage", our default); the authors' released code puts
  it into the three downsample layers, after the 2x2 convolution ("downsample"). "none" leaves it out.
* ``gate_init``: a fresh SE gate gives about 0.5 and would halve pretrained features four times over; "identity" starts
  it at 0.95 (see :func:`~fer_explain.models.layers.gates.make_gate`), "plain" keeps the papers' start.
* ``attention``: in the released code the value projection takes no part in the loss. We keep it for the published
  parameter count, frozen, since no gradient ever reaches it.
* compact variants see 48 px, FER2013's own size; their stages have 12, 6, 3 and 3 px: the last one does not halve.
  Neither layer scale nor stochastic depth. ``atto`` has timm's widths and an overlapping stem whose first 3x3
  convolution keeps every pixel; in short trials this learned faster from scratch than 2x2 patches. ``nano`` is narrower
  and learns faster still, by what is known to help: five 3x3 convolutions as its stem (Xiao et al. 2021, *Early
  convolutions help transformers see better*), and batch instead of layer normalisation in stem and stages.
* Grad-CAM of the compact variants reads the second stage, 6x6, behind the norm that follows it. On 24 validation faces
  that map passes curves, ROAD and infidelity together on 25 % (``convnext_nano``), 42 % (``emonext_nano``) and 12 %
  (``emonext_nano_nosa``), the last map, 3x3, on 4, 0 and 0 %; of drawn faces 32 % of its mass lie on the part that
  decides, of the last map's 25 % without and 26 % with EmoNeXt's additions. In front of that norm it is 21, 38 and 12 %
  of the faces and 31 % of the mass (docs/cam_layers.md). On 656 faces the map's agreement with the cost of hiding each
  part rose from -0.07 to 0.17 (``convnext_nano``), 0.01 to 0.20 (``emonext_nano``) and -0.07 to 0.15
  (``emonext_nano_nosa``; ``region_profile``). ``atto`` takes it from ``nano``. Networks of published size keep their
  last map, 7x7; they were not measured.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fer_explain.models.backbone import timm_backbone
from fer_explain.models.inputs import GRAY_48, IMAGENET_224
from fer_explain.models.layers.attention import AttentionOver, SelfAttentionRegularizer
from fer_explain.models.layers.gates import GateInit, make_gate
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.models.registry import Architecture, Build, Pretrained, register

SEPlacement = Literal["stage", "downsample", "none"]


class EmoNeXt(nn.Module):
    """STN, ConvNeXt with SE gates, pooled head; see the module's docstring.

    Args:
        backbone: a timm ConvNeXt.
        stn: re-align the input first.
        se_placement: where the SE gates sit.
        gate_init: how they start.
        attention: whether the self-attention branch exists (its loss is the training recipe's business).
        attention_over: what the rows of the attention matrix are.
        input_size: S, which fixes the localisation network's linear layer.

    Hook points: ``stn``, ``stn.theta``, ``gates.i.gate`` or ``backbone.stages.i.downsample.2.gate``, ``features``
    (the last map, (N, C, S/32, S/32); compact: S/16), ``attention.weights``.
    """

    backbone: Any  # timm's ConvNeXt has no type of its own

    def __init__(
        self,
        backbone: nn.Module,
        *,
        stn: bool = True,
        se_placement: SEPlacement = "stage",
        gate_init: GateInit = "identity",
        attention: bool = True,
        attention_over: AttentionOver = "batch",
        input_size: int = 224,
    ) -> None:
        super().__init__()
        if se_placement not in ("stage", "downsample", "none"):
            raise ValueError(f"se_placement must be stage, downsample or none, got {se_placement!r}")
        self.stn = SpatialTransformer(3, input_size) if stn else nn.Identity()
        self.backbone = backbone
        widths = [int(info["num_chs"]) for info in self.backbone.feature_info]
        self.gates = nn.ModuleList(
            make_gate("se", width, init=gate_init) if se_placement == "stage" else nn.Identity() for width in widths
        )
        if se_placement == "downsample":
            for stage, width in zip(self.backbone.stages[1:], widths[1:], strict=True):
                stage.downsample.append(make_gate("se", width, init=gate_init))
        self.features = nn.Identity()
        self.attention = SelfAttentionRegularizer(widths[-1], attention_over) if attention else None

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of images (N, 3, S, S)."""
        x = self.backbone.stem(self.stn(x))
        for stage, gate in zip(self.backbone.stages, self.gates, strict=True):
            x = gate(stage(x))
        x = self.features(self.backbone.norm_pre(x))
        pooled: Tensor = self.backbone.head(x, pre_logits=True)
        if self.attention is not None and self.training:
            self.attention(x, pooled)  # its weights are read by a hook; the logits do not depend on them
        logits: Tensor = self.backbone.head.fc(pooled)
        return logits


def _full(timm_name: str, num_classes: int, pretrained: Pretrained, drop_path: float = 0.1, **args: Any) -> EmoNeXt:
    backbone = timm_backbone(timm_name, num_classes, pretrained, drop_path_rate=drop_path)
    return EmoNeXt(backbone, **args)


def _atto(num_classes: int, pretrained: Pretrained, drop_path: float = 0.0, **args: Any) -> EmoNeXt:
    dims = (40, 80, 160, 320)
    # The stem and the first stage halve once each.
    backbone = _shrunk(num_classes, pretrained, drop_path, dims=dims, patch_size=2)
    half, width = dims[0] // 2, dims[0]
    backbone.stem = nn.Sequential(
        nn.Conv2d(3, half, 3, padding=1, bias=False),
        LayerNorm2d(half),
        nn.GELU(),
        nn.Conv2d(half, width, 3, stride=2, padding=1),
        LayerNorm2d(width),
    )
    return EmoNeXt(backbone, **{"input_size": GRAY_48.size, **args})


def _nano(num_classes: int, pretrained: Pretrained, drop_path: float = 0.0, **args: Any) -> EmoNeXt:
    shape = {"dims": (48, 96, 160, 256), "depths": (2, 2, 4, 2), "norm_layer": nn.BatchNorm2d}
    backbone = _shrunk(num_classes, pretrained, drop_path, **shape)
    backbone.stem = nn.Sequential(
        *_convolution(3, 16),
        *_convolution(16, 32, stride=2),
        *_convolution(32, 32),
        *_convolution(32, 48, stride=2),
        nn.Conv2d(48, 48, 3, padding=1),
        nn.BatchNorm2d(48),
    )
    return EmoNeXt(backbone, **{"input_size": GRAY_48.size, **args})


def _shrunk(num_classes: int, pretrained: Pretrained, drop_path: float, **shape: Any) -> Any:
    """timm's ConvNeXt in another shape, without layer scale, whose last stage keeps the third one's 3 x 3 places."""
    backbone: Any = timm_backbone(
        "convnext_atto", num_classes, pretrained, ls_init_value=None, drop_path_rate=drop_path, **shape
    )
    *_, before, last = shape["dims"]
    backbone.set_submodule("stages.3.downsample.1", nn.Conv2d(before, last, kernel_size=1))
    backbone.set_submodule("head.norm", LayerNorm2d(last))  # the regulariser reads normalised single faces
    return backbone


def _convolution(width: int, out: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(width, out, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(out), nn.GELU()]


_SIZES: dict[str, Build] = {
    "tiny": partial(_full, "convnext_tiny.fb_in22k"),
    "small": partial(_full, "convnext_small.fb_in22k"),
    "base": partial(_full, "convnext_base.fb_in22k"),
    "large": partial(_full, "convnext_large.fb_in22k"),
    "xlarge": partial(_full, "convnext_xlarge.fb_in22k"),
    "atto": _atto,
    "nano": _nano,
}
_FINE = "backbone.stages.2.downsample.0"  # behind the norm of the second stage
_BASELINE = {"stn": False, "se_placement": "none", "attention": False}
_VARIANTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "emonext_{}": ({}, "EmoNeXt-{}", "STN + ConvNeXt + SE + self-attention regulariser", "EmoNeXt 2023"),
    "emonext_{}_nosa": (
        {"attention": False},
        "EmoNeXt-{} (No-SA)",
        "EmoNeXt without the self-attention regulariser",
        "No-SA 2026",
    ),
    "convnext_{}": (_BASELINE, "ConvNeXt-{}", "plain ConvNeXt, EmoNeXt's baseline", "ConvNeXt 2022"),
}

for _size, _build in _SIZES.items():
    _small = _size in ("atto", "nano")
    for _name, (_args, _title, _summary, _paper) in _VARIANTS.items():
        register(
            Architecture(
                _name.format(_size),
                partial(_build, **_args),
                GRAY_48 if _small else IMAGENET_224,
                cam_layer=_FINE if _small else "features",
                summary=_summary,
                title=_title.format("XLarge" if _size == "xlarge" else _size.title()),
                paper=_paper,
                recipe="compact" if _small else "emonext_paper",
                compact=_small,
                from_scratch=_small,
            )
        )
