"""Faces drawn by arithmetic: nobody's portrait, the same pixels every time, and every landmark known exactly.

Brows, eyes and mouth each show an emotion of their own on request, so that a test can make one known region decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fer_explain.emotions import LABELS, index_of
from fer_explain.faces.canvas import Canvas, Point
from fer_explain.faces.portrait import (
    BROW_Y,
    EYE,
    MOUTH_Y,
    NOSE_Y,
    UNIT,
    Brows,
    Eyes,
    Mouth,
    Person,
    draw_brow,
    draw_eye,
    draw_hair,
    draw_head,
    draw_mouth,
    draw_nose,
)
from fer_explain.types import Box, Floats, Pixels

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
        "surprise": Mouth(width=0.16, opened=0.2),
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
    own_brows, own_eyes, own_mouth = (LABELS[index_of(part or emotion)] for part in (brows, eyes, mouth))
    person = Person.of(seed)
    canvas = Canvas(size, UNIT, rotation, person.backdrop)
    draw_head(canvas, person)
    draw_nose(canvas, person)
    for side in (-1, 1):
        draw_eye(canvas, person, EYES[own_eyes], side)
        draw_brow(canvas, person, BROWS[own_brows], side)
    draw_mouth(canvas, person, MOUTHS[own_mouth])
    draw_hair(canvas, person)
    regions = {part: _around(canvas.place(corners)) for part, corners in _REGIONS.items()}
    return DrawnFace(
        canvas.pixels(),
        canvas.place(_landmarks(MOUTHS[own_mouth])),
        LABELS[index_of(emotion)],
        MappingProxyType(regions),
    )


# Corners in drawing units; whatever an expression changes lies inside.
_REGIONS: Final = MappingProxyType(
    {
        "brows": [(-0.62, BROW_Y - 0.32), (0.62, BROW_Y - 0.32), (0.62, BROW_Y + 0.27), (-0.62, BROW_Y + 0.27)],
        "eyes": [(-0.54, EYE[1] - 0.27), (0.54, EYE[1] - 0.27), (0.54, EYE[1] + 0.16), (-0.54, EYE[1] + 0.16)],
        "mouth": [(-0.5, NOSE_Y - 0.02), (0.5, NOSE_Y - 0.02), (0.5, MOUTH_Y + 0.46), (-0.5, MOUTH_Y + 0.46)],
    }
)


def _landmarks(mouth: Mouth) -> list[Point]:
    (x, y), (width, corner) = EYE, mouth.corner
    return [(-x, y), (x, y), (0, NOSE_Y), (-width, corner), (width, corner)]


def _around(points: Floats) -> Box:
    """The smallest box around points (N, 2)."""
    return Box(*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
