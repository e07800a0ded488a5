"""What a spatial transformer did to a face: where it sampled, and the numbers people can read."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from fer_explain.types import Face, Floats, Pixels, Warp

CANVAS = 320  # side of the drawn crop in pixels
LINE = (255, 255, 255)
RIM = (0, 0, 0)
SHADE = 96  # how dark the part is that the network does not see, of 255


class Reading(NamedTuple):
    """A spatial transformer's matrix in words: degrees, a factor, degrees, and pixels (right, down) of the input."""

    rotation: float
    zoom: float
    shear: float
    shift: tuple[float, float]


def reading(warp: Warp, size: int) -> Reading:
    """Reads theta for a network whose input is ``size`` pixels wide."""
    right, down = warp.shift
    return Reading(warp.rotation, warp.zoom, warp.shear, (right * size, down * size))


def sampled_window(face: Face, warp: Warp, side: int = CANVAS) -> Pixels:
    """The crop with the sampled quadrilateral bright and outlined, and its top edge marked: uint8 (side, side, 3).

    When the quadrilateral reaches beyond the crop, the view is widened to hold it all.
    """
    reach = _reach(warp.quadrilateral)
    crop = _widened(face.pixels, reach, side)
    corners = [(float(x), float(y)) for x, y in (warp.quadrilateral / reach + 1) / 2 * side]
    dimmed = crop.point(lambda value: value * (255 - SHADE) // 255)
    view = Image.composite(crop, dimmed, _mask(side, corners, filled=True))
    view.paste(RIM, mask=_mask(side, corners, width=5))
    view.paste(LINE, mask=_mask(side, corners, width=2.5))
    view.paste(LINE, mask=_mask(side, corners[:2], width=6))
    return np.asarray(view)


def _reach(quadrilateral: Floats) -> float:
    """Half the side of the centred square, in normalised crop coordinates, that holds the crop and the window."""
    farthest = float(np.abs(quadrilateral).max())
    return min(max(1.0, farthest * 1.03), 4.0) if math.isfinite(farthest) else 1.0


def _widened(pixels: Pixels, reach: float, side: int) -> Image.Image:
    """The crop in the middle of a dark square that is ``reach`` times as large, drawn with ``side`` pixels."""
    inner = max(1, round(side / reach))
    canvas = Image.new("RGB", (side, side), (24, 26, 30))
    start = (side - inner) // 2
    canvas.paste(Image.fromarray(pixels).resize((inner, inner), Image.Resampling.BICUBIC), (start, start))
    return canvas


def _mask(side: int, points: list[tuple[float, float]], *, width: float = 0, filled: bool = False) -> Image.Image:
    """A closed line through the points, or the polygon in it: drawn twice as large, so that its edges become smooth."""
    mask = Image.new("L", (2 * side, 2 * side), 0)
    doubled = [(2 * x, 2 * y) for x, y in points]
    if filled:
        ImageDraw.Draw(mask).polygon(doubled, fill=255)
    else:
        ImageDraw.Draw(mask).line([*doubled, doubled[0]], fill=255, width=round(2 * width), joint="curve")
    return mask.reduce(2)
