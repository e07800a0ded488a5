"""The gate that is looked at, in words."""

from __future__ import annotations

from html import escape

from fer_explain.figures.gates import extremes
from fer_explain.types import ChannelGate, SpatialGate
from fer_explain.ui.texts import Texts


def gate_summary(gate: ChannelGate | SpatialGate | None, texts: Texts) -> str:
    """The kind of a gate, and its strongest and weakest channels; one line for a network without gates."""
    if gate is None:
        return f'<p class="fer-note">{escape(texts("gates.none"))}</p>'
    spatial = isinstance(gate, SpatialGate)
    key = "gates.cbam_spatial" if spatial and gate.kind == "cbam" else f"gates.{gate.kind}"
    kind = f'<abbr title="{escape(texts(f"{key}.help"))}">{escape(texts(key))}</abbr>'
    if isinstance(gate, SpatialGate):
        return f'<p class="fer-gate">{kind}: {escape(texts("gates.places"))}</p>'
    strongest, weakest = extremes(gate)
    size = f"{len(gate.weights)} {escape(texts('gates.channels'))}"
    return (
        f'<dl class="fer-readout"><div><dt>{kind}</dt><dd>{size}</dd></div>'
        f"{_channels(texts('gates.strongest'), strongest, gate)}{_channels(texts('gates.weakest'), weakest, gate)}</dl>"
    )


def _channels(title: str, channels: list[int], gate: ChannelGate) -> str:
    named = "".join(f"<dd>#{channel} <small>{gate.weights[channel]:.2f}</small></dd>" for channel in channels)
    return f"<div><dt>{escape(title)}</dt>{named}</div>"
