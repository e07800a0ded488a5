"""Smooth shapes painted with soft edges: what :mod:`fer_explain.faces.portrait` draws with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_explain.types import Floats, Pixels, apply_affine

Color = tuple[float, float, float]
Point = tuple[float, float]
Points = NDArray[np.floating[Any]]

_FINER: Final = 3  # supersampling
_STEPS: Final = 8  # points on each piece of a smooth curve


class Canvas:
    """A square picture painted in drawing units: the origin in its middle, x right, y down.

    Args:
        size: side of the picture in pixels.
        unit: length of a drawing unit, as a fraction of the side.
        rotation: turn of all that is painted, in degrees, clockwise on screen.
        backdrop: colour of the empty picture, 0..255.
    """

    def __init__(self, size: int, unit: float, rotation: float, backdrop: Color) -> None:
        self.size = size
        self.unit = unit * size
        cos, sin = (self.unit * part for part in (math.cos(math.radians(rotation)), math.sin(math.radians(rotation))))
        self._to_pixels = np.array([[cos, -sin, size / 2], [sin, cos, size / 2]], np.float32)
        self._image = np.full((size * _FINER, size * _FINER, 3), backdrop, np.float32)

    def place(self, points: Points | Sequence[Point]) -> Floats:
        """Points (N, 2) in drawing units -> pixels."""
        return apply_affine(self._to_pixels, np.asarray(points, np.float32))

    def paint(
        self, outline: Points, color: Color, *, alpha: float = 1, soft: float = 0, clip: Points | None = None
    ) -> None:
        """Fills an outline (N, 2), its edge blurred over ``soft`` units, only inside the outline ``clip``."""
        mask = self._mask(outline)
        if soft:
            mask = cv2.GaussianBlur(mask, (0, 0), soft * self.unit * _FINER)
        if clip is not None:
            mask *= self._mask(clip)
        x, y, width, height = cv2.boundingRect((mask > 1 / 512).astype(np.uint8))
        window = np.s_[y : y + height, x : x + width]
        self._image[window] += mask[window][..., None] * alpha * (np.array(color, np.float32) - self._image[window])

    def pixels(self) -> Pixels:
        """The picture, uint8 (size, size, 3) RGB."""
        reduced = cv2.resize(self._image, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.asarray(np.clip(np.rint(reduced), 0, 255), np.uint8)

    def _mask(self, outline: Points) -> Floats:
        """Coverage 0..1 of each fine pixel; OpenCV counts from pixel centres, here in sixteenths."""
        mask = np.zeros(self._image.shape[:2], np.uint8)
        corners = np.rint((self.place(outline) * _FINER - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, shift=4)
        return mask.astype(np.float32) / np.float32(255)


def ellipse(centre: Point, radii: Point) -> Points:
    """The outline of an axis-parallel ellipse."""
    t = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    return np.stack([centre[0] + radii[0] * np.cos(t), centre[1] + radii[1] * np.sin(t)], 1)


def smooth(points: Sequence[Point]) -> Points:
    """The outline of a closed curve through ``points`` (a Catmull-Rom spline)."""
    p = np.asarray(points, np.float64)
    return _spline(np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0))


def stroke(points: Sequence[Point], thickness: float, taper: float = 0.2) -> Points:
    """The outline of a line through ``points``, ``thickness`` in its middle, ``taper`` of that at its ends."""
    p = np.asarray(points, np.float64)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    line = np.concatenate([_spline(p[:-3], p[1:-2], p[2:-1], p[3:]), p[-2:-1]])
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.hypot(along[:, 0], along[:, 1])[:, None]
    swell = np.sin(np.linspace(0, math.pi, len(line))).clip(0)[:, None] ** 0.7
    half = normal * thickness / 2 * (taper + (1 - taper) * swell)
    return np.concatenate([line + half, (line - half)[::-1]])


def _spline(before: Points, start: Points, end: Points, after: Points) -> Points:
    """Points along the cubics from each ``start`` (N, 2) to its ``end`` (N, 2)."""
    t = np.linspace(0, 1, _STEPS, endpoint=False)[None, :, None]
    a, b, c, d = (points[:, None] for points in (before, start, end, after))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.asarray(curve.reshape(-1, 2))
