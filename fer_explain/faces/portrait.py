"""The strokes of a drawn face, part by part. :mod:`fer_explain.faces.drawn` says which emotion moves which part how.

Face units: the origin lies between the cheeks, x runs right, y down, the chin is at y = 1 and the crown at y = -1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_explain.types import Floats, Pixels, apply_affine

Color = tuple[float, float, float]
Points = NDArray[Any]

UNIT: Final = 0.37  # of the picture's side: half the height of the head
EYE: Final = (0.32, -0.06)
MOUTH_Y: Final = 0.50
_FINER: Final = 3  # supersampling
_WHITE: Final = (250.0, 248.0, 244.0)
_DARK: Final = (52.0, 24.0, 26.0)


@dataclass(frozen=True, slots=True)
class Brows:
    """Heights above the neutral line at three places, and the depth of the furrow between the brows (0..1)."""

    inner: float = 0.0
    middle: float = 0.0
    outer: float = 0.0
    furrow: float = 0.0


@dataclass(frozen=True, slots=True)
class Eyes:
    """Opening of the upper lid (1 in neutral), rise of the lower lid (0..1), slant (positive: outer corner down)."""

    opened: float = 1.0
    squint: float = 0.0
    slant: float = 0.0


@dataclass(frozen=True, slots=True)
class Mouth:
    """Half width, lift of the corners, half opening, height of the whole, teeth (0..1), folds beside the nose (0..1)."""

    width: float = 0.27
    lift: float = 0.0
    opened: float = 0.0
    raised: float = 0.0
    teeth: float = 0.0
    folds: float = 0.0

    @property
    def y(self) -> float:
        """Height of the line between the lips, in its middle."""
        return MOUTH_Y - self.raised + 0.5 * self.lift


@dataclass(frozen=True, slots=True)
class Person:
    """Whose face: colours, and the width of the head."""

    skin: Color
    hair: Color
    iris: Color
    shirt: Color
    backdrop: Color
    width: float
    long_hair: bool

    @classmethod
    def of(cls, seed: int) -> Person:
        """The person of a seed."""
        rng = np.random.default_rng(seed)

        def pick(*colors: Color) -> Color:
            return colors[rng.integers(len(colors))]

        return cls(
            skin=pick((240, 200, 172), (224, 176, 142), (198, 144, 106), (152, 102, 72), (246, 212, 190)),
            hair=pick((48, 34, 28), (92, 58, 36), (30, 28, 32), (146, 98, 56), (112, 52, 34)),
            iris=pick((88, 60, 38), (70, 104, 128), (76, 104, 72), (60, 42, 30)),
            shirt=pick((58, 84, 120), (120, 72, 76), (70, 110, 98), (98, 92, 118)),
            backdrop=pick((206, 216, 222), (222, 216, 204), (212, 220, 208), (220, 212, 220)),
            width=float(rng.uniform(0.73, 0.78)),
            long_hair=bool(rng.integers(2)),
        )


class Canvas:
    """A square picture that is painted on in face units, with the head turned by ``rotation`` degrees clockwise."""

    def __init__(self, size: int, rotation: float, backdrop: Color) -> None:
        self.size = size
        angle, unit = math.radians(rotation), UNIT * size
        cos, sin = unit * math.cos(angle), unit * math.sin(angle)
        self._to_pixels = np.array([[cos, -sin, size / 2], [sin, cos, size / 2]], np.float32)
        fine = size * _FINER
        self._image = np.empty((fine, fine, 3), np.float32)
        self._image[:] = backdrop

    def place(self, points: Points) -> Floats:
        """Points (N, 2) in face units -> pixels."""
        return apply_affine(self._to_pixels, np.asarray(points, np.float32))

    def paint(self, outline: Points, color: Color, *, alpha: float = 1, soft: float = 0, clip: Points | None = None) -> None:
        """Fills an outline (N, 2), its edge blurred over ``soft`` face units, inside the outline ``clip`` only."""
        mask = self._mask(outline)
        if soft:
            mask = cv2.GaussianBlur(mask, (0, 0), soft * UNIT * self.size * _FINER)
        if clip is not None:
            mask *= self._mask(clip)
        x, y, width, height = cv2.boundingRect((mask > 1 / 512).astype(np.uint8))
        window = np.s_[y : y + height, x : x + width]
        weight = mask[window][..., None] * alpha
        self._image[window] += weight * (np.array(color, np.float32) - self._image[window])

    def pixels(self) -> Pixels:
        """The picture, uint8 (size, size, 3) RGB."""
        reduced = cv2.resize(self._image, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.clip(np.rint(reduced), 0, 255).astype(np.uint8)

    def _mask(self, outline: Points) -> Floats:
        mask = np.zeros(self._image.shape[:2], np.uint8)
        # OpenCV counts from pixel centres, in 1/16 pixels here.
        corners = np.rint((self.place(outline) * _FINER - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, shift=4)
        return mask.astype(np.float32) / 255


def draw_head(canvas: Canvas, person: Person) -> None:
    """Hair behind, neck, shoulders, ears, face and fringe."""
    w, skin, hair = person.width, person.skin, person.hair
    canvas.paint(_ellipse(0, -0.2, w * 1.22, 0.97), hair, soft=0.02)
    if person.long_hair:
        canvas.paint(_curve((-w * 1.22, -0.3), (-w * 1.38, 0.6), (-w * 1.2, 1.25)) + _curve((w * 1.2, 1.25), (w * 1.38, 0.6), (w * 1.22, -0.3)), hair, soft=0.03)
    canvas.paint(_ellipse(0, 1.9, 1.25, 0.72), person.shirt, soft=0.01)
    canvas.paint(_polygon((-0.34, 0.6), (0.34, 0.6), (0.4, 1.3), (0, 1.46), (-0.4, 1.3)), _shade(skin, 0.84), soft=0.02)
    canvas.paint(_ellipse(0, 0.98, 0.42, 0.2), _shade(skin, 0.68), alpha=0.7, soft=0.05)
    for side in (-1, 1):
        canvas.paint(_ellipse(side * w * 1.0, 0.03, 0.1, 0.2), _shade(skin, 0.9), soft=0.01)
    outline = _outline(w)
    canvas.paint(outline, skin)
    canvas.paint(_ellipse(0, 0.05, w * 0.62, 0.72), _shade(skin, 1.06), alpha=0.8, soft=0.16, clip=outline)
    for side in (-1, 1):
        canvas.paint(_ellipse(side * w * 1.02, 0.2, 0.2, 0.8), _shade(skin, 0.78), alpha=0.55, soft=0.1, clip=outline)
        canvas.paint(_ellipse(side * 0.42, 0.28, 0.17, 0.13), (226, 120, 104), alpha=0.22, soft=0.08, clip=outline)
        canvas.paint(_ellipse(side * EYE[0], -0.1, 0.22, 0.13), _shade(skin, 0.76), alpha=0.5, soft=0.06, clip=outline)
    fringe = np.concatenate([_outline(w * 1.03)[:0], _curve((-w * 1.1, -0.12), (-w * 0.96, -0.5), (-0.5, -0.66)), _curve((-0.5, -0.66), (0.05, -0.78), (w * 0.8, -0.5)), _curve((w * 0.8, -0.5), (w * 1.0, -0.4), (w * 1.1, -0.12)), _curve((w * 1.16, -0.4), (w * 1.0, -1.2), (0, -1.18)), _curve((0, -1.18), (-w * 1.0, -1.2), (-w * 1.16, -0.4))])
    canvas.paint(fringe, hair, soft=0.015)
