"""Gates that weigh channels (SE, ECA, CBAM) or places (CBAM): built, started near one, and found in any network.

The layers themselves are timm's; each ends in a submodule ``gate`` (a sigmoid) whose output is what we show.
"""

from __future__ import annotations

from typing import Literal

from timm.layers import EcaModule, SEModule
from timm.layers.cbam import CbamModule, ChannelAttn, LightChannelAttn, LightSpatialAttn, SpatialAttn
from timm.models._efficientnet_blocks import SqueezeExcite as EfficientNetSE
from torch import nn

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
    if kind == "se":
        se = SEModule(channels, rd_channels=max(1, channels // reduction))
        if init == "identity":
            nn.init.constant_(se.fc2.bias, _OPEN_BIAS)
        return se
    if kind == "eca":
        eca = EcaModule(channels)
        if init == "identity":
            plain = eca.conv
            eca.conv = nn.Conv1d(1, 1, plain.kernel_size, padding=plain.padding, bias=True)
            nn.init.constant_(eca.conv.bias, _OPEN_BIAS)
        return eca
    if kind == "cbam":
        cbam = CbamModule(channels, rd_channels=max(1, channels // reduction), mlp_bias=init == "identity")
        if init == "identity":
            nn.init.constant_(cbam.channel.fc2.bias, _OPEN_BIAS / 2)  # the MLP runs twice, for mean and maximum
            nn.init.constant_(cbam.spatial.conv.bn.bias, _OPEN_BIAS)
        return cbam
    raise ValueError(f"gate must be one of {', '.join(GATE_NAMES)}, got {kind!r}")


def find_gates(model: nn.Module) -> dict[str, tuple[str, nn.Module]]:
    """Every gate of a network: path of its layer -> (kind, the submodule whose output is the weights).

    Kinds: ``se``, ``eca``, ``cbam`` (channel weights) and ``cbam_spatial`` (a map). Finds timm's own gates as well,
    so an EfficientNet or a SENet shows its built-in ones.
    """
    found: dict[str, tuple[str, nn.Module]] = {}
    for path, module in model.named_modules():
        kind = _KINDS.get(type(module))
        gate = getattr(module, "gate", None)
        if kind is not None and isinstance(gate, nn.Module):
            found[path] = (kind, gate)
    return found
