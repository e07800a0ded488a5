"""Gates that weigh channels (SE, ECA, CBAM) or places (CBAM, U-Net): built, started near one, found in any network.

The layers are timm's, but for the U-Net mask; each has a submodule ``gate`` whose output is what we show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from timm.layers import EcaModule, SEModule
from timm.layers.cbam import CbamModule, ChannelAttn, LightChannelAttn, LightSpatialAttn, SpatialAttn
from timm.models._efficientnet_blocks import SqueezeExcite as EfficientNetSE
from torch import nn

from fer_explain.models.layers.unet import UNetMask

GateInit = Literal["identity", "plain"]
GATE_NAMES = ("se", "eca", "cbam")

# sigmoid(3) = 0.95: near one, yet with slope enough (0.045) to learn.
_OPEN_BIAS = 3.0

_KINDS: dict[type[nn.Module], str] = {
    SEModule: "se",
    EfficientNetSE: "se",
    EcaModule: "eca",
    ChannelAttn: "cbam",
    LightChannelAttn: "cbam",
    SpatialAttn: "cbam_spatial",
    LightSpatialAttn: "cbam_spatial",
    UNetMask: "unet",
}


def make_gate(kind: str, channels: int, *, reduction: int = 16, init: GateInit = "identity") -> nn.Module:
    """A gate over (N, ``channels``, H, W).

    * ``se``: squeeze-and-excitation (Hu et al. 2018): mean, C -> C/r -> C, sigmoid.
    * ``eca``: efficient channel attention (Wang et al. 2020, section 3.2): mean, 1-d convolution over channels with
      kernel |log2(C)/2 + 1/2| to the nearest odd, sigmoid.
    * ``cbam``: channel gate from mean and maximum, then a 7x7 spatial gate (Woo et al. 2018, eq. 2 and 3).

    A gate put into a trained network would halve every feature, as a fresh sigmoid gives about 0.5 (``init="plain"``,
    the papers' start). ``init="identity"`` sets the bias in front of the sigmoid so that it starts at 0.95; where the
    paper's layer has no bias there (ECA's convolution, CBAM's MLP), that bias is added.

    Raises:
        ValueError: an unknown kind.
    """
    if kind not in _BUILDERS:
        raise ValueError(f"gate must be one of {', '.join(GATE_NAMES)}, got {kind!r}")
    gate: nn.Module = _BUILDERS[kind](channels, max(1, channels // reduction), init == "identity")
    return gate


def _se(channels: int, reduced: int, identity: bool) -> Any:
    se = SEModule(channels, rd_channels=reduced)
    if identity:
        nn.init.constant_(se.fc2.bias, _OPEN_BIAS)
    return se


def _eca(channels: int, _reduced: int, identity: bool) -> Any:
    eca = EcaModule(channels)
    if identity:
        plain = eca.conv
        eca.conv = nn.Conv1d(1, 1, plain.kernel_size, padding=plain.padding, bias=True)
        nn.init.constant_(eca.conv.bias, _OPEN_BIAS)
    return eca


def _cbam(channels: int, reduced: int, identity: bool) -> Any:
    cbam = CbamModule(channels, rd_channels=reduced, mlp_bias=identity)
    if identity:
        nn.init.constant_(cbam.channel.fc2.bias, _OPEN_BIAS / 2)  # the MLP runs twice, for mean and maximum
        nn.init.constant_(cbam.spatial.conv.bn.bias, _OPEN_BIAS)
    return cbam


_BUILDERS: dict[str, Callable[[int, int, bool], Any]] = {"se": _se, "eca": _eca, "cbam": _cbam}


def find_gates(model: nn.Module) -> dict[str, tuple[str, nn.Module]]:
    """Every gate of a network: path of its layer -> (kind, the submodule whose output is the weights).

    Kinds: ``se``, ``eca``, ``cbam`` (channel weights), ``cbam_spatial`` (a map) and ``unet`` (a map per channel). Finds
    timm's own gates as well, so an EfficientNet or a SENet shows its built-in ones.
    """
    found: dict[str, tuple[str, nn.Module]] = {}
    for path, module in model.named_modules():
        kind = _KINDS.get(type(module))
        gate = getattr(module, "gate", None)
        if kind is not None and isinstance(gate, nn.Module):
            found[path] = (kind, gate)
    return found
