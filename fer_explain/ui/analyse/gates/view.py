"""The gate that is looked at: its channels in words, or its map over the face."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fer_explain.figures.colormap import VIRIDIS
from fer_explain.figures.gates import extremes, spatial_layer
from fer_explain.types import ChannelGate, FaceAnalysis, SpatialGate
from fer_explain.ui.shell.photo import photo_uri, picture_uri
from fer_explain.ui.shell.texts import Texts

SIDE = 320  # pixels of the face under a map


def gate_summary(gate: ChannelGate | SpatialGate | None, analysis: FaceAnalysis, network: str, texts: Texts) -> str:
    """The kind of a gate with its strongest and weakest channels, or its map; one line for a network without gates.

    Args:
        gate: the one that is looked at.
        analysis: of the face it belongs to.
        network: what people call the network.
        texts: of the reader's language.
    """
    if gate is None:
        return f'<p class="fer-note">{escape(texts("gates.absent", network=network))}</p>'
    if isinstance(gate, SpatialGate):
        return _places(gate, analysis, texts)
    strongest, weakest = extremes(gate)
    size = f"{len(gate.weights)} {escape(texts('gates.channels'))}"
    return (
        f'<dl class="fer-readout"><div><dt>{_kind(f"gates.{gate.kind}", texts)}</dt><dd>{size}</dd></div>'
        f"{_channels(texts('gates.strongest'), strongest, gate)}{_channels(texts('gates.weakest'), weakest, gate)}</dl>"
    )


def gate_choice(layers: Sequence[str], chosen: str | None, texts: Texts) -> str:
    """The choice of a gate by its layer; nothing where there is no choice."""
    if len(layers) < 2:
        return ""
    options = "".join(f"<option{' selected' if layer == chosen else ''}>{escape(layer)}</option>" for layer in layers)
    return f'<label class="fer-choice"><span>{escape(texts("gates.layer"))}</span><select>{options}</select></label>'


def _channels(title: str, channels: list[int], gate: ChannelGate) -> str:
    named = "".join(f"<dd>#{channel} <small>{gate.weights[channel]:.2f}</small></dd>" for channel in channels)
    return f"<div><dt>{escape(title)}</dt>{named}</div>"


def _places(gate: SpatialGate, analysis: FaceAnalysis, texts: Texts) -> str:
    """The map where it lies on the crop: behind a spatial transformer it is carried back through theta."""
    from fer_explain.explain.unwarp import to_crop  # imports torch

    low, high = float(gate.values.min()), float(gate.values.max())
    layer = spatial_layer(*to_crop(gate.values, gate.frame, analysis.warp, (SIDE, SIDE)), low, high)
    unet = gate.kind == "unet"
    caption = texts("gates.places.unet" if unet else "gates.places")
    colors = ",".join(VIRIDIS)
    return (
        f'<p class="fer-gate">{_kind("gates.unet" if unet else "gates.cbam_spatial", texts)}: {escape(caption)}</p>'
        f'<figure class="fer-heat fer-places" style="max-width:{SIDE}px">'
        f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{escape(texts("gates.places.alt"))}">'
        f'<image href="{photo_uri(analysis.face.pixels)}" width="{SIDE}" height="{SIDE}" preserveAspectRatio="none"/>'
        f'<image class="fer-map" href="{picture_uri(layer)}" width="{SIDE}" height="{SIDE}"/></svg>'
        f'<figcaption><span class="fer-scale"><span>{low:.3g}</span>'
        f'<i style="background:linear-gradient(to right,{colors})"></i><span>{high:.3g}</span></span></figcaption>'
        "</figure>"
    )


def _kind(key: str, texts: Texts) -> str:
    return f'<abbr title="{escape(texts(f"{key}.help"))}">{escape(texts(key))}</abbr>'
