"""The feature maps of chosen channels, each as a small picture on the face; a search's result in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from fer_explain.explain.features import FeatureMaps
from fer_explain.explain.flip import Flip
from fer_explain.explain.unwarp import to_crop
from fer_explain.figures.colormap import VIRIDIS
from fer_explain.figures.lab import feature_picture
from fer_explain.types import FaceAnalysis, Pixels
from fer_explain.ui.shell.photo import photo_uri, picture_uri
from fer_explain.ui.shell.texts import Texts

SIDE = 96  # pixels of a picture
MOST = 12  # pictures


def feature_maps(maps: FeatureMaps, channels: Sequence[int], analysis: FaceAnalysis, texts: Texts) -> str:
    """The maps of the first twelve channels as they lie on the face, each on its own scale, which is given."""
    if not channels:
        return no_maps(texts)
    weights = next(gate.weights for gate in analysis.gates if gate.layer == maps.layer)
    face = photo_uri(_small(analysis.face.pixels))
    pictures = "".join(
        _picture(maps, channel, float(weights[channel]), face, analysis, texts) for channel in channels[:MOST]
    )
    scale = f'<i style="background:linear-gradient(90deg,{",".join(VIRIDIS)})"></i>'
    legend = f'<span class="fer-scale">{escape(texts("lab.low"))} {scale} {escape(texts("lab.high"))}</span>'
    more = texts("lab.maps.more", n=len(channels) - MOST) if len(channels) > MOST else ""
    return f'<div class="fer-maps-grid">{pictures}</div><p class="fer-small">{legend} {escape(more)}</p>'


def no_maps(texts: Texts) -> str:
    """What stands there before a channel is chosen."""
    return f'<p class="fer-note">{escape(texts("lab.maps.none"))}</p>'


def flip_sentence(flip: Flip, labels: Sequence[str], texts: Texts) -> str:
    """What the search found, and how sure it is that there is nothing smaller."""
    if not flip.channels:
        return texts("lab.flip.none", runs=flip.runs)
    count = len(flip.channels)
    old, new = (texts.emotion(labels[int(logits.argmax())]) for logits in (flip.before, flip.after))
    found = texts("lab.flip.one" if count == 1 else "lab.flip.found", n=count, old=old, new=new)
    if flip.proven:
        return f"{found} {texts('lab.flip.proven')}" if count > 1 else found
    return f"{found} {texts('lab.flip.unproven', runs=flip.runs, size=flip.tried_up_to)}"


def _picture(maps: FeatureMaps, channel: int, weight: float, face: str, analysis: FaceAnalysis, texts: Texts) -> str:
    raw = maps.values[channel]
    low, high = float(raw.min()), float(raw.max())
    values, mask = to_crop(raw, maps.frame, analysis.warp, (SIDE, SIDE))
    uri = picture_uri(feature_picture(values, mask, low, high, SIDE))
    alt = escape(texts("lab.map.alt", channel=channel, layer=maps.layer))
    return (
        f'<figure><div><img src="{face}" alt=""><img class="fer-map" src="{uri}" alt="{alt}"></div>'
        f"<figcaption><b>#{channel}</b> × {weight:.2f}<br><small>{low:.2g} … {high:.2g}</small></figcaption></figure>"
    )


def _small(face: Pixels) -> Pixels:
    """A face in about the size in which it is shown."""
    return np.asarray(Image.fromarray(face).resize((2 * SIDE, 2 * SIDE), Image.Resampling.BILINEAR))
