"""Faces drawn by arithmetic: nobody's portrait, the same pixels every time, and every landmark known exactly.

Brows, eyes and mouth each show an emotion of their own on request, so that a test can make one known region decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_explain.emotions import LABELS, index_of
from fer_explain.types import Box, Floats, Pixels, apply_affine

Color = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Brows:
    """Heights above the neutral position, in face units, and how deep the furrow between the brows is (0..1)."""

    inner: float = 0.0
    middle: float = 0.0
    outer: float = 0.0
    furrow: float = 0.0


@dataclass(frozen=True, slots=True)
class Eyes:
    """How far the upper lid is open and the lower one raised (1 and 0 in neutral), and the upper lid's slant."""

    opened: float = 1.0
    squint: float = 0.0
    slant: float = 0.0


@dataclass(frozen=True, slots=True)
class Mouth:
    """Half width, lift of the corners, opening, teeth shown (0..1) and folds beside the nose (0..1)."""

    width: float = 0.27
    lift: float = 0.0
    opened: float = 0.0
    teeth: float = 0.0
    folds: float = 0.0
    raised: float = 0.0


BROWS: Final = MappingProxyType(
    {
        "angry": Brows(inner=-0.15, middle=-0.06, outer=0.07, furrow=1.0),
        "disgust": Brows(inner=-0.10, middle=-0.06, outer=-0.02, furrow=0.5),
        "fear": Brows(inner=0.16, middle=0.10, outer=0.02, furrow=0.3),
        "happy": Brows(inner=0.02, middle=0.04, outer=0.02),
        "sad": Brows(inner=0.14, middle=0.02, outer=-0.08, furrow=0.2),
        "surprise": Brows(inner=0.15, middle=0.21, outer=0.14),
        "neutral": Brows(),
    }
)
EYES: Final = MappingProxyType(
    {
        "angry": Eyes(opened=0.85, squint=0.25, slant=-0.5),
        "disgust": Eyes(opened=0.55, squint=0.45, slant=-0.15),
        "fear": Eyes(opened=1.5, slant=0.25),
        "happy": Eyes(opened=0.8, squint=0.65),
        "sad": Eyes(opened=0.72, slant=0.5),
        "surprise": Eyes(opened=1.6),
        "neutral": Eyes(),
    }
)
MOUTHS: Final = MappingProxyType(
    {
        "angry": Mouth(width=0.25, lift=-0.07, opened=0.07, teeth=1.0, folds=0.3),
        "disgust": Mouth(width=0.25, lift=-0.11, opened=0.03, folds=1.0, raised=0.08),
        "fear": Mouth(width=0.31, lift=-0.08, opened=0.10, teeth=0.5),
        "happy": Mouth(width=0.37, lift=0.15, opened=0.14, teeth=0.6, folds=0.6),
        "sad": Mouth(width=0.24, lift=-0.11),
        "surprise": Mouth(width=0.17, opened=0.22),
        "neutral": Mouth(),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFace:
    """A drawing and the truth about it.

    Attributes:
        pixels: uint8 (size, size, 3) RGB.
        landmarks: (5, 2) pixels, in the order of :class:`fer_explain.types.Face`.
        emotion: what was asked for.
        regions: where the ``brows``, ``eyes`` and ``mouth`` lie, in pixels.
    """

    pixels: Pixels
    landmarks: Floats
    emotion: str
    regions: Mapping[str, Box]


def draw_face(
    emotion: str,
    *,
    size: int = 192,
    seed: int = 0,
    rotation: float = 0.0,
    brows: str | None = None,
    eyes: str | None = None,
    mouth: str | None = None,
) -> DrawnFace:
    """Draws a face that shows an emotion.

    Args:
        emotion: one of the seven, or an alias.
        size: side of the square picture in pixels; the face takes about three quarters of its height.
        seed: whose face: the same seed is the same person in every emotion.
        rotation: turn of the head in degrees, clockwise on screen.
        brows: the emotion that the brows show instead.
        eyes: the emotion that the eyes show instead.
        mouth: the emotion that the mouth shows instead.

    Raises:
        FerError: an emotion is none of the seven.
    """
    shown = {part: LABELS[index_of(other or emotion)] for part, other in zip(PARTS, (brows, eyes, mouth), strict=True)}
    canvas = _Canvas(size, rotation)
    person = _Person.of(seed)
    _draw_head(canvas, person)
    _draw_nose(canvas, person)
    for side in (-1, 1):
        _draw_eye(canvas, person, EYES[shown["eyes"]], side)
        _draw_brow(canvas, person, BROWS[shown["brows"]], side)
    _draw_mouth(canvas, person, MOUTHS[shown["mouth"]])
    landmarks = canvas.place(_landmarks(MOUTHS[shown["mouth"]]))
    regions = {part: _bounds(canvas.place(np.array(corners))) for part, corners in _REGIONS.items()}
    return DrawnFace(canvas.pixels(), landmarks, LABELS[index_of(emotion)], MappingProxyType(regions))
