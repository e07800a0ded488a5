"""EmoNeXt: an adapted ConvNeXt for facial emotion recognition (El Boudouri and Bohi, MMSP 2023, arXiv:2501.08199).

::

    x (N, 3, S, S) -> STN -> stem -> [stage_i -> SE_i] i = 1..4 -> mean over places -> LayerNorm -> linear -> (N, 7)
                                                                                   `-> self-attention (loss only)

The plain ConvNeXt baseline is the same class without STN, SE and attention, so that an ablation changes one option.

Shapes for ``tiny`` at 224: stem 96x56x56, stages 96x56x56, 192x28x28, 384x14x14, 768x7x7. Parameters with SE in the
downsample layers and the regulariser: 30.6 / 52.2 / 91.8 / 204.6 / 362.3 M for T / S / B / L / XL.

Decisions where the sources are silent or differ:

* ``se_placement``: the papers' text puts SE after every stage ("stage", our default); the authors' released code puts
  it into the three downsample layers, after the 2x2 convolution ("downsample"). "none" leaves it out.
* ``gate_init``: a fresh SE gate gives about 0.5 and would halve pretrained features four times over; "identity" starts
  it at 0.95 (see :func:`~fer_explain.models.layers.gates.make_gate`), "plain" keeps the papers' start.
* ``attention``: in the released code the value projection takes no part in the loss. We keep it for the published
  parameter count, frozen, since no gradient ever reaches it.
* compact variants (``atto``, ``nano``) see 48 px, FER2013's own size, through an overlapping stem whose first 3x3
  convolution keeps every pixel; in short trials this learned faster from scratch than 2x2 patches. The stages have 12,
  6, 3 and 3 px: the last one does not halve again.
  Neither layer scale nor stochastic depth. ``atto`` has timm's widths; ``nano`` here is narrower (32..256).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fer_explain.models.backbone import timm_backbone
from fer_explain.models.layers.attention import AttentionOver, SelfAttentionRegularizer
from fer_explain.models.layers.gates import GateInit, make_gate
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.models.registry import Pretrained, register
from fer_explain.types import InputSpec

SEPlacement = Literal["stage", "downsample", "none"]

# Mean and standard deviation of FER2013's 28,709 training images.
GRAY_48 = InputSpec(48, 3, (0.508,) * 3, (0.255,) * 3)
IMAGENET_224 = InputSpec(224, 3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


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


def _compact(
    dims: tuple[int, ...], num_classes: int, pretrained: Pretrained, drop_path: float = 0.0, **args: Any
) -> EmoNeXt:
    backbone = timm_backbone(
        "convnext_atto",
        num_classes,
        pretrained,
        dims=dims,
        patch_size=2,  # stem and first stage halve once each
        ls_init_value=None,
        drop_path_rate=drop_path,
    )
    half, width = dims[0] // 2, dims[0]
    backbone.stem = nn.Sequential(
        nn.Conv2d(3, half, 3, padding=1, bias=False),
        LayerNorm2d(half),
        nn.GELU(),
        nn.Conv2d(half, width, 3, stride=2, padding=1),
        LayerNorm2d(width),
    )
    # One halving more would leave a single place: the last stage keeps the third one's 3 x 3.
    backbone.set_submodule("stages.3.downsample.1", nn.Conv2d(dims[2], dims[3], kernel_size=1))
    return EmoNeXt(backbone, **{"input_size": GRAY_48.size, **args})


_ATTO, _NANO = (40, 80, 160, 320), (32, 64, 128, 256)
_SIZES = {
    "tiny": partial(_full, "convnext_tiny.fb_in22k"),
    "small": partial(_full, "convnext_small.fb_in22k"),
    "base": partial(_full, "convnext_base.fb_in22k"),
    "large": partial(_full, "convnext_large.fb_in22k"),
    "xlarge": partial(_full, "convnext_xlarge.fb_in22k"),
    "atto": partial(_compact, _ATTO),
    "nano": partial(_compact, _NANO),
}
_BASELINE = {"stn": False, "se_placement": "none", "attention": False}

for _size, _build in _SIZES.items():
    _small = _size in ("atto", "nano")
    _spec = GRAY_48 if _small else IMAGENET_224
    for _name, _args, _summary, _paper in (
        (f"emonext_{_size}", {}, "STN + ConvNeXt + SE + self-attention regulariser", "EmoNeXt 2023"),
        (f"emonext_{_size}_nosa", {"attention": False}, "EmoNeXt without the self-attention regulariser", "No-SA 2026"),
        (f"convnext_{_size}", _BASELINE, "plain ConvNeXt, EmoNeXt's baseline", "ConvNeXt 2022"),
    ):
        register(
            _name,
            partial(_build, **_args),
            cam_layer="features",
            summary=_summary,
            input_spec=_spec,
            paper=_paper,
            recipe="compact" if _small else "emonext_paper",
            compact=_small,
        )
