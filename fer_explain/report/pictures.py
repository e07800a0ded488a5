"""The pictures of a report, each as an address that holds it: a report refers to nothing outside itself."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from fer_explain.explain.unwarp import to_photo
from fer_explain.figures.overlay import blend, heat_layer
from fer_explain.types import Box, Face, FaceAnalysis, Heatmap, Pixels

LONGEST: Final = 960  # pixels of the photo's longer side in the report
CLOSE: Final = 440  # of a view of one face
MARGIN: Final = 0.25  # what such a view shows around the crop, in crop sides
LARGEST: Final = 4.0  # a small face is enlarged at most so much


class Picture(NamedTuple):
    """A picture with its size in pixels, and how many of them one pixel of the photo takes."""

    uri: str
    width: int
    height: int
    scale: float = 1.0


def whole_photo(photo: Pixels) -> Picture:
    """The photo (H, W, 3), reduced for the report."""
    reduced, scale = _resized(photo, LONGEST, largest=1.0)
    return Picture(_uri(reduced, "JPEG", quality=88), reduced.shape[1], reduced.shape[0], scale)


def close_up(photo: Pixels, face: Face) -> Picture:
    """One face and a little around it."""
    return photograph(_around(photo, face)[0])


def map_picture(photo: Pixels, analysis: FaceAnalysis, heatmap: Heatmap) -> Picture:
    """The same view with a heat map laid over it."""
    view, face = _around(photo, analysis.face)
    values, mask = to_photo(heatmap.values, heatmap.frame, face, analysis.warp, (view.shape[0], view.shape[1]))
    return photograph(blend(view, heat_layer(values, mask, signed=heatmap.signed)))


def photograph(pixels: Pixels) -> Picture:
    """A picture (H, W, 3) with a photo in it."""
    return Picture(_uri(pixels, "JPEG", quality=90), pixels.shape[1], pixels.shape[0])


def picture(pixels: Pixels) -> Picture:
    """A small picture (H, W, 3), pixel by pixel."""
    return Picture(_uri(pixels, "PNG", compress_level=6), pixels.shape[1], pixels.shape[0])


def _around(photo: Pixels, face: Face) -> tuple[Pixels, Face]:
    """The part of the photo around a face, and the face in its coordinates."""
    low, high = face.corners.min(axis=0), face.corners.max(axis=0)
    margin = MARGIN * (high - low).max()
    x0, y0 = np.floor(np.maximum(low - margin, 0)).astype(int).tolist()
    x1, y1 = np.ceil(np.minimum(high + margin, photo.shape[1::-1])).astype(int).tolist()
    view, scale = _resized(photo[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], CLOSE, largest=LARGEST)
    matrix = face.to_photo.astype(np.float64) - [[0, 0, x0], [0, 0, y0]]
    box = Box(*(scale * side for side in (face.box.x0 - x0, face.box.y0 - y0, face.box.x1 - x0, face.box.y1 - y0)))
    return view, replace(face, box=box, to_photo=(matrix * scale).astype(np.float32))


def _resized(pixels: Pixels, longest: int, largest: float) -> tuple[Pixels, float]:
    """A picture whose longer side has ``longest`` pixels, enlarged by ``largest`` at most, and the factor."""
    height, width = pixels.shape[:2]
    scale = min(largest, longest / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)), scale


def _uri(pixels: Pixels, kind: str, **options: int) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
