"""The heat map on the photo, with its scale."""

from __future__ import annotations

from html import escape

import numpy as np

from fer_explain.figures.colormap import scale_of
from fer_explain.figures.overlay import Layer
from fer_explain.types import Face, FaceAnalysis, Heatmap
from fer_explain.ui.shell.heat_picture import map_layer
from fer_explain.ui.shell.photo import Shown, picture_uri
from fer_explain.ui.shell.texts import Texts

MARGIN = 0.35  # what the view of the face alone shows around the crop, in crop sides
SMALL = 0.45  # of the photo's longer side: a smaller face is shown alone at first


def heat(shown: Shown, analysis: FaceAnalysis, method: str, texts: Texts) -> str:
    """The photo, the map over it as a layer whose opacity the page sets, the crop's outline, and the scale."""
    heatmap = analysis.heatmap
    if heatmap is None:
        return ""
    face = shown.place(analysis.face)
    emotion = texts.emotion(analysis.prediction.labels[heatmap.target])
    whole, near, start = _views(face, shown)
    outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in face.corners)
    note = "" if heatmap.scale else f'<p class="fer-note">{escape(texts("heat.empty", emotion=emotion))}</p>'
    return (
        f'<figure class="fer-heat">'
        f'<svg viewBox="{start}" data-whole="{whole}" data-near="{near}" role="img" '
        f'aria-label="{escape(texts("heat.alt", emotion=emotion))}">'
        f'<image href="{shown.uri}" width="{shown.width}" height="{shown.height}"/>'
        f"{_image(map_layer(heatmap, analysis, face, (shown.height, shown.width)))}"
        f'<polygon points="{outline}" class="fer-outline"/></svg>'
        f'<button type="button" class="fer-zoom" aria-label="{escape(texts("heat.zoom"))}" '
        f'title="{escape(texts("heat.zoom"))}">{_ZOOM}</button>'
        f'<button type="button" class="fer-save" aria-label="{escape(texts("heat.save"))}" '
        f'title="{escape(texts("heat.save"))}">{_SAVE}</button>'
        f"{_caption(heatmap.signed, method, emotion, _raw(heatmap, texts), texts)}{note}</figure>"
    )


def frame(shown: Shown, analysis: FaceAnalysis, method: str, texts: Texts, *, signed: bool) -> str:
    """The room of a map that is still to come for the class of another one, as large as it will be at first."""
    _, _, start = _views(shown.place(analysis.face), shown)
    target = analysis.prediction.index if analysis.heatmap is None else analysis.heatmap.target
    emotion, raw = texts.emotion(analysis.prediction.labels[target]), f" · {escape(texts('heat.scale', scale='…'))}"
    caption = _caption(signed, method, emotion, raw, texts)
    return f'<figure class="fer-heat"><svg viewBox="{start}" aria-hidden="true"></svg>{caption}</figure>'


def _caption(signed: bool, method: str, emotion: str, raw: str, texts: Texts) -> str:
    told = escape(texts("heat.caption", method=method, emotion=emotion))
    return f"<figcaption>{_scale(signed, texts)}<span>{told}{raw}</span></figcaption>"


def _views(face: Face, shown: Shown) -> tuple[str, str, str]:
    """The whole photo, the surroundings of a face on it, and what is seen of these at first."""
    whole, near = f"0 0 {shown.width} {shown.height}", shown.around(face, MARGIN)
    small = np.ptp(face.corners, axis=0).max() < SMALL * max(shown.width, shown.height)
    return whole, near, near if small else whole


def _image(layer: Layer | None) -> str:
    if layer is None:
        return ""
    height, width = layer.pixels.shape[:2]
    return (
        f'<image class="fer-map" href="{picture_uri(layer.pixels)}" x="{layer.x}" y="{layer.y}" '
        f'width="{width}" height="{height}" preserveAspectRatio="none"/>'
    )


def _scale(signed: bool, texts: Texts) -> str:
    low, high = ("heat.against", "heat.for") if signed else ("heat.low", "heat.high")
    return (
        f'<span class="fer-scale"><span>{escape(texts(low))}</span>'
        f'<i style="background:linear-gradient(to right,{",".join(scale_of(signed))})"></i>'
        f"<span>{escape(texts(high))}</span></span>"
    )


def _raw(heatmap: Heatmap, texts: Texts) -> str:
    """The largest value on the raw scale, which the colours do not tell."""
    if not heatmap.scale:
        return ""
    number, meaning = escape(texts("heat.scale", scale=f"{heatmap.scale:.3g}")), escape(texts("heat.scale.help"))
    return f' · <abbr title="{meaning}" tabindex="0">{number}</abbr>'


_ZOOM = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5M8 10.5h5'
    'M10.5 8v5"/></svg>'
)
_SAVE = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v11m-5-5 5 5 5-5M5 20h14"/></svg>'
