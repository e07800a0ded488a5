"""What a spatial transformer did to a face: where it sampled, and the numbers people can read."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from fer_explain.types import Face, Floats, Pixels, Warp

CANVAS = 360  # side of the drawn crop in pixels
LINE = (255, 255, 255)
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
    corners = [tuple(point) for point in ((warp.quadrilateral / reach + 1) / 2 * side).tolist()]
    mask = Image.new("L", (side * 2, side * 2), 0)  # drawn at twice the size, so that its edges become smooth
    ImageDraw.Draw(mask).polygon([(2 * x, 2 * y) for x, y in corners], fill=255)
    dimmed = Image.fromarray((np.asarray(crop) * (1 - SHADE / 255)).astype(np.uint8))
    view = Image.composite(crop, dimmed, mask.resize((side, side), Image.Resampling.LANCZOS))
    return np.asarray(_outlined(view, corners))


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


def _outlined(view: Image.Image, corners: list[tuple[float, ...]]) -> Image.Image:
    """Draws the outline with a dark rim, and its top edge doubly thick: it shows which way is up."""
    large = view.resize((view.width * 2, view.height * 2), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(large)
    points = [(2 * corner[0], 2 * corner[1]) for corner in corners]
    for width, color in ((10, (0, 0, 0)), (5, LINE)):
        draw.line([*points, points[0]], fill=color, width=width, joint="curve")
    draw.line(points[:2], fill=LINE, width=12)
    return large.resize(view.size, Image.Resampling.LANCZOS)
