"""How large the registered networks are, and the table of them in docs/architectures.md.

Everything is read off the networks on the meta device, where tensors have shapes but no memory, so that the largest
take no longer than the smallest. Multiply-adds are those of convolutions and matrix products at the network's input,
for one face, as counted by :mod:`torch.utils.flop_counter` (two operations each).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from fer_explain.models.layers.gates import find_gates
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.models.registry import architecture, create_model, list_models

_KINDS = {"se": "SE", "eca": "ECA", "cbam": "CBAM", "cbam_spatial": "CBAM", "unet": "U-Net"}
_CHANNELS = {1: "gray", 3: "gray x 3"}
_COLUMNS = ("name", "paper", "parameters", "multiply-adds", "input", "gates", "STN")


@dataclass(frozen=True, slots=True)
class Size:
    """What a network costs with seven classes, and which parts it has that the page shows.

    Attributes:
        parameters: their number, frozen ones included.
        multiply_adds: of one forward pass with one face.
        gates: names of its kinds of gates.
        stn: whether it has a spatial transformer.
    """

    parameters: int
    multiply_adds: int
    gates: tuple[str, ...]
    stn: bool


@cache
def measure(name: str, side: int = 0) -> Size:
    """Size and parts of a network, by its registered name.

    Args:
        name: of the architecture.
        side: of the input in pixels; 0 = the network's own. A checkpoint may have been trained for another.
    """
    spec = architecture(name).input
    side = side or spec.size
    with torch.device("meta"):
        model = create_model(name).eval()
        face = torch.empty(1, spec.channels, side, side)
    with FlopCounterMode(display=False) as counter:
        model(face)
    kinds = dict.fromkeys(_KINDS[kind] for kind, _ in find_gates(model).values())
    return Size(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        multiply_adds=counter.get_total_flops() // 2,
        gates=tuple(kinds),
        stn=any(isinstance(module, SpatialTransformer) for module in model.modules()),
    )


def quantity(count: int) -> str:
    """A large number in three digits or so: "3.6 M", "45.1 M", "4.53 G"."""
    return f"{count / 1e9:.2f} G" if count >= 1e9 else f"{count / 1e6:.1f} M"


def table() -> str:
    """All registered networks as a Markdown table."""
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(_row(name) for name in list_models())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(name: str) -> tuple[str, ...]:
    entry, size = architecture(name), measure(name)
    return (
        f"`{name}`",
        entry.paper,
        quantity(size.parameters),
        quantity(size.multiply_adds),
        f"{entry.input.size} px, {_CHANNELS[entry.input.channels]}",
        ", ".join(size.gates) or "-",
        "yes" if size.stn else "-",
    )
