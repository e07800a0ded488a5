"""The strokes of a drawn face, part by part. :mod:`fer_explain.faces.drawn` says which emotion moves which part how.

Drawing units: the origin lies between the cheeks, the chin at y = 1, the top of the skull at y = -1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fer_explain.faces.canvas import Canvas, Color, Point, ellipse, smooth, stroke

UNIT: Final = 0.37  # of the picture's side: half the height of the head
BROW_Y: Final = -0.31
EYE: Final = (0.32, -0.06)
NOSE_Y: Final = 0.22
MOUTH_Y: Final = 0.52

_WHITE: Final = (250.0, 248.0, 244.0)
_DARK: Final = (52.0, 24.0, 26.0)
_RED: Final = (176.0, 52.0, 62.0)
# Skin, hair and iris; clothes and backdrop.
_LOOKS: Final = (
    ((240, 202, 176), (122, 80, 48), (84, 112, 124)),
    ((200, 146, 108), (40, 32, 32), (66, 46, 34)),
    ((246, 212, 190), (150, 104, 62), (78, 106, 80)),
    ((148, 100, 72), (30, 25, 26), (52, 36, 28)),
    ((228, 182, 146), (64, 44, 36), (88, 60, 40)),
    ((238, 198, 168), (124, 58, 38), (74, 104, 84)),
)
_SETTINGS: Final = (
    ((58, 84, 120), (214, 218, 220)),
    ((126, 76, 80), (222, 216, 204)),
    ((70, 108, 98), (206, 216, 224)),
    ((98, 92, 118), (220, 212, 216)),
)


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
    """Half width, lift of the corners, opening, height of the whole, teeth (0..1), folds beside the nose (0..1)."""

    width: float = 0.27
    lift: float = 0.0
    opened: float = 0.0
    raised: float = 0.0
    teeth: float = 0.0
    folds: float = 0.0

    @property
    def middle(self) -> Point:
        """The middle of the line between the lips."""
        return 0.0, MOUTH_Y - self.raised + 0.5 * self.lift

    @property
    def corner(self) -> Point:
        """The corner on the right."""
        return self.width, self.middle[1] - self.lift


@dataclass(frozen=True, slots=True)
class Person:
    """Whose face: colours, half the width of the head, and the hair."""

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
        look, setting = _LOOKS[seed % len(_LOOKS)], _SETTINGS[rng.integers(len(_SETTINGS))]
        return cls(*look, *setting, width=float(rng.uniform(0.73, 0.77)), long_hair=bool(rng.integers(2)))


def draw_head(canvas: Canvas, person: Person) -> None:
    """Hair behind, neck and shoulders, ears and face."""
    w, skin = person.width, person.skin
    if person.long_hair:
        behind = _mirrored((0.3, -1.1), (w * 1.16, -0.4), (w * 1.24, 0.5), (w * 1.16, 1.1), (w * 0.8, 1.3))
        canvas.paint(smooth(behind), _shade(person.hair, 0.8))
    canvas.paint(ellipse((0, 2.0), (1.2, 0.75)), person.shirt)
    canvas.paint(smooth(_mirrored((0.32, 0.6), (0.34, 1.2), (0.16, 1.42))), _shade(skin, 0.85))
    canvas.paint(ellipse((0, 1.0), (0.34, 0.2)), _shade(skin, 0.66), alpha=0.6, soft=0.05)
    for side in () if person.long_hair else (-1, 1):
        canvas.paint(ellipse((side * w, 0.05), (0.1, 0.18)), _shade(skin, 0.9))
        canvas.paint(ellipse((side * w * 1.04, 0.05), (0.045, 0.1)), _shade(skin, 0.7), alpha=0.6, soft=0.015)
    jaw = ((w * 0.94, 0.3), (w * 0.72, 0.7), (w * 0.38, 0.95))
    face = smooth([(0, -0.97), *_mirrored((w * 0.72, -0.74), (w, -0.15), *jaw, (0, 1.0))])
    canvas.paint(face, skin)
    canvas.paint(ellipse((0, 0.1), (w * 0.6, 0.75)), _shade(skin, 1.06), alpha=0.8, soft=0.15, clip=face)
    canvas.paint(ellipse((0, -0.8), (w, 0.2)), _shade(skin, 0.7), alpha=0.5, soft=0.07, clip=face)
    for side in (-1, 1):
        canvas.paint(ellipse((side * w * 1.08, 0.3), (0.22, 0.9)), _shade(skin, 0.74), alpha=0.5, soft=0.1, clip=face)
        canvas.paint(ellipse((side * 0.45, 0.28), (0.16, 0.11)), (222, 104, 92), alpha=0.2, soft=0.08, clip=face)
        canvas.paint(ellipse((side * EYE[0], -0.12), (0.2, 0.11)), _shade(skin, 0.7), alpha=0.4, soft=0.06, clip=face)


def draw_hair(canvas: Canvas, person: Person) -> None:
    """A parting on one side, swept to the other, with a few lighter and darker strands."""
    w, hair = person.width, person.hair
    low = 0.3 if person.long_hair else -0.02
    left = ((-w * 1.03, low), (-w * 0.96, -0.3), (-w * 0.72, -0.55), (-0.3, -0.74))
    right = ((0.1, -0.64), (w * 0.7, -0.55), (w * 0.95, -0.32), (w * 1.03, low))
    crown = ((w * 1.15, -0.35), (w * 0.82, -1.0), (0.05, -1.22), (-w * 0.82, -1.03), (-w * 1.15, -0.35))
    outline = smooth((*left, *right, *crown))
    canvas.paint(outline, hair, soft=0.008)
    for i, shade in enumerate((0.75, 1.3, 0.8, 1.35, 0.75, 1.25)):
        reach = 0.18 * i
        over = ((-0.3, -0.76), (0.1 + reach / 2, -0.9 - reach / 5), (w * 0.75 + reach / 4, -0.62), (w * 1.08, -0.2))
        under = ((-0.3, -0.76), (-0.5, -0.8 - reach / 4), (-w * 0.9 - reach / 8, -0.52), (-w * 1.08, -0.1))
        for strand in (over, under):
            canvas.paint(stroke(strand, 0.035), _shade(hair, shade), alpha=0.5, soft=0.012, clip=outline)


def draw_nose(canvas: Canvas, person: Person) -> None:
    """A shadow along one side, the tip and the nostrils."""
    dark = _shade(person.skin, 0.62)
    canvas.paint(stroke(((-0.09, -0.1), (-0.075, 0.05), (-0.12, 0.2)), 0.05), dark, alpha=0.35, soft=0.025)
    canvas.paint(ellipse((0, NOSE_Y + 0.05), (0.15, 0.05)), dark, alpha=0.5, soft=0.03)
    canvas.paint(ellipse((0.01, NOSE_Y - 0.05), (0.06, 0.1)), _shade(person.skin, 1.14), alpha=0.7, soft=0.04)
    for side in (-1, 1):
        nostril = ellipse((side * 0.065, NOSE_Y + 0.05), (0.035, 0.018))
        canvas.paint(nostril, _shade(person.skin, 0.35), alpha=0.75, soft=0.01)
        wing = _sided(side, (0.12, NOSE_Y - 0.05), (0.155, NOSE_Y + 0.01), (0.115, NOSE_Y + 0.05))
        canvas.paint(stroke(wing, 0.02), dark, alpha=0.8, soft=0.008)


def draw_eye(canvas: Canvas, person: Person, eyes: Eyes, side: int) -> None:
    """White, iris, pupil, glint, lashes and lid crease of the eye on the image's left (-1) or right (1)."""
    x, y = EYE
    top, low = 0.095 * eyes.opened, 0.062 * (1 - 0.75 * eyes.squint)
    crest = ((x - 0.07, y - top * (0.85 + 0.4 * eyes.slant)), (x + 0.05, y - top * (1 - 0.25 * eyes.slant)))
    upper = ((x - 0.17, y + 0.025), *crest, (x + 0.18, y - 0.005 + 0.06 * max(eyes.slant, 0)))
    lower = ((x + 0.08, y + low * 0.9), (x - 0.05, y + low))
    white = smooth(_sided(side, *upper, *lower))
    lid = _sided(side, *upper)
    canvas.paint(white, _WHITE)
    for radius, color in ((0.09, _shade(person.iris, 0.5)), (0.077, person.iris), (0.038, (14.0, 12.0, 14.0))):
        canvas.paint(ellipse((side * x, y), (radius, radius)), color, clip=white)
    canvas.paint(ellipse((side * x + 0.03, y - 0.032), (0.02, 0.02)), _WHITE, clip=white)
    canvas.paint(stroke(lid, 0.06), (60, 40, 36), alpha=0.35, soft=0.02, clip=white)
    canvas.paint(stroke(lid, 0.036), (36, 24, 24))
    fine = _shade(person.skin, 0.58)
    canvas.paint(stroke([(px, py - 0.06) for px, py in lid], 0.018), fine, alpha=0.7, soft=0.006)
    canvas.paint(stroke(_sided(side, upper[-1], *lower, upper[0]), 0.012), fine, alpha=0.8, soft=0.004)
    bag = _sided(side, (x + 0.15, y + 0.095), (x, y + 0.13), (x - 0.13, y + 0.095))
    canvas.paint(stroke(bag, 0.02), fine, alpha=0.7 * eyes.squint, soft=0.01)


def draw_brow(canvas: Canvas, person: Person, brows: Brows, side: int) -> None:
    """The brow on the image's left (-1) or right (1), with its half of the furrow between both."""
    start = (0.13 - 0.03 * brows.furrow, BROW_Y + 0.02 - brows.inner)
    line = _sided(side, start, (0.34, BROW_Y - 0.03 - brows.middle), (0.55, BROW_Y + 0.04 - brows.outer))
    canvas.paint(stroke(line, 0.07, taper=0.45), _shade(person.hair, 0.85), alpha=0.92, soft=0.01)
    fold = _sided(side, (0.05, start[1] - 0.06), (0.04, start[1] + 0.02), (0.055, start[1] + 0.09))
    canvas.paint(stroke(fold, 0.02), _shade(person.skin, 0.5), alpha=0.8 * brows.furrow, soft=0.008)


def draw_mouth(canvas: Canvas, person: Person, mouth: Mouth) -> None:
    """Lips, the opening with teeth and tongue, and the folds from the nose to the corners."""
    (w, corner), (_, y), lift = mouth.corner, mouth.middle, mouth.lift
    up, down = y - mouth.opened * 0.55, y + mouth.opened * 1.1
    up_side, down_side = y - mouth.opened * 0.48 - lift * 0.3, y + mouth.opened * 0.9 - lift * 0.25
    line = ((-w, corner), (-w * 0.5, up_side), (0, up), (w * 0.5, up_side), (w, corner))
    bow = ((-w * 0.5, up_side - 0.05), (-w * 0.18, up - 0.078), (0, up - 0.06), (w * 0.18, up - 0.078))
    above = ((-w * 1.04, corner), *bow, (w * 0.5, up_side - 0.05), (w * 1.04, corner))
    below = ((w * 0.55, down_side + 0.065), (0, down + 0.095), (-w * 0.55, down_side + 0.065))
    lip = _mix(person.skin, _RED, 0.45)
    canvas.paint(ellipse((0, down + 0.155), (w * 0.6, 0.035)), _shade(person.skin, 0.6), alpha=0.4, soft=0.03)
    canvas.paint(smooth((*above, *below)), lip, soft=0.006)
    canvas.paint(ellipse((0, down + 0.055), (w * 0.4, 0.018)), _shade(lip, 1.3), alpha=0.5, soft=0.015)
    if mouth.opened:
        inside = smooth((*line, (w * 0.55, down_side), (0, down), (-w * 0.55, down_side)))
        canvas.paint(inside, _DARK)
        canvas.paint(
            ellipse((0, down), (w * 0.55, (down - y) * 0.45)), (176, 76, 80), alpha=0.9, soft=0.01, clip=inside
        )
        edge = up + (down - up) * mouth.teeth if mouth.teeth else up_side - 1
        canvas.paint(np.array(((-1, up_side - 1), (1, up_side - 1), (1, edge), (-1, edge))), _WHITE, clip=inside)
    else:
        canvas.paint(stroke(line, 0.024), _shade(lip, 0.45), soft=0.004)
    for side in (-1, 1):
        canvas.paint(
            ellipse((side * w * 1.03, corner), (0.025, 0.025)), _shade(person.skin, 0.5), alpha=0.6, soft=0.015
        )
        fold = _sided(side, (0.17, NOSE_Y), (0.27, NOSE_Y + 0.12), (max(w, 0.24) + 0.08, corner - 0.02))
        canvas.paint(stroke(fold, 0.025), _shade(person.skin, 0.58), alpha=0.8 * mouth.folds, soft=0.012)


def _mirrored(*points: Point) -> list[Point]:
    """The right-hand side from top to bottom, then its mirror image back up; a point on the axis stands once."""
    return [*points, *((-x, y) for x, y in reversed(points) if x)]


def _sided(side: int, *points: Point) -> list[Point]:
    return [(side * x, y) for x, y in points]


def _shade(color: Color, factor: float) -> Color:
    """Darker below 1, lighter above."""
    return _mix((0, 0, 0), color, factor)


def _mix(color: Color, other: Color, share: float) -> Color:
    red, green, blue = (min(255.0, a + (b - a) * share) for a, b in zip(color, other, strict=True))
    return red, green, blue
