"""What hides a face: hands, masks, glasses, scarves and whatever else gets before it, drawn for training.

An occluder is a shape and what it looks like. Both are drawn at random, since what will hide a visitor's face is not
known. Nothing is pasted from other data sets: looks are shades, ramps, stripes, noise, the face's own skin tone and
pieces of other faces of the same split.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_explain.types import Pixels

SIDE: Final = 48  # pixels: FER2013's
_FINE: Final = 4 * SIDE  # shapes are drawn larger and then reduced, which softens their edge

Plane = NDArray[np.float32]
Chance = np.random.Generator


def occlude(face: Plane, others: Pixels, chance: Chance) -> tuple[Plane, Plane]:
    """A face (48, 48) in 0..255 behind an occluder, sometimes two, and which share (48, 48) of each pixel is hidden.

    Args:
        face: gray.
        others: (N, 48, 48) faces of which an occluder may be a piece.
        chance: draws shape and look.
    """
    hidden = draw_shape(chance)
    if chance.random() < 0.2:
        hidden = np.maximum(hidden, draw_shape(chance))
    if chance.random() < 0.5:
        hidden = np.asarray(cv2.GaussianBlur(hidden, (0, 0), chance.uniform(0.3, 1.2)), np.float32)
    return cover(face, hidden, others, chance), hidden


def cover(face: Plane, hidden: Plane, others: Pixels, chance: Chance) -> Plane:
    """The face with what is ``hidden`` (48, 48), 0 to 1, behind something of a drawn look; see :func:`occlude`."""
    look = _LOOKS[chance.integers(len(_LOOKS))](face, others, chance)
    return np.asarray(face * (1 - hidden) + look * hidden, np.float32)


def draw_shape(chance: Chance, kind: str | None = None) -> Plane:
    """A shape (48, 48), 1 inside and 0 outside: one of :data:`SHAPES`, or any."""
    canvas = np.zeros((_FINE, _FINE), np.uint8)
    draw = SHAPES[kind or list(SHAPES)[chance.integers(len(SHAPES))]]
    drawn = draw(canvas, chance)
    return np.asarray(cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA) / 255, np.float32)


def _polygon(canvas: Pixels, points: NDArray[np.float64]) -> Pixels:
    """``points`` (n, 2) as x, y in shares of the side."""
    cv2.fillPoly(canvas, [(points * _FINE).round().astype(np.int32)], 255)
    return canvas


def _ellipse(canvas: Pixels, x: float, y: float, width: float, height: float, turn: float = 0.0) -> Pixels:
    """An ellipse by its centre and half axes in shares of the side, turned by degrees."""
    centre, axes = (round(x * _FINE), round(y * _FINE)), (round(width * _FINE), round(height * _FINE))
    cv2.ellipse(canvas, centre, axes, turn, 0, 360, 255, -1)
    return canvas


def _band(canvas: Pixels, chance: Chance) -> Pixels:
    """Everything from one border on, to a straight or ragged edge: a wall, a shoulder, a scarf, a cap."""
    edge = chance.uniform(0.1, 0.7) + chance.uniform(-0.15, 0.15, 6) * chance.uniform(0, 1)
    across = np.linspace(-0.05, 1.05, 6)
    corners = [(-0.05, -0.05), *zip(across, edge, strict=True), (1.05, -0.05)]
    return np.ascontiguousarray(np.rot90(_polygon(canvas, np.array(corners)), int(chance.integers(4))))


def _blob(canvas: Pixels, chance: Chance) -> Pixels:
    angles = np.sort(chance.uniform(0, 2 * np.pi, chance.integers(3, 9)))
    far = chance.uniform(0.12, 0.5) * chance.uniform(0.6, 1.1, len(angles))
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return _polygon(canvas, chance.uniform(0.15, 0.85, 2) + far[:, None] * around)


def _oval(canvas: Pixels, chance: Chance) -> Pixels:
    x, y = chance.uniform(0.15, 0.85, 2)
    width, height = chance.uniform(0.1, 0.45, 2)
    return _ellipse(canvas, x, y, width, height, chance.uniform(0, 180))


def _box(canvas: Pixels, chance: Chance) -> Pixels:
    """A phone, a book, a cup."""
    sides = chance.uniform(0.2, 0.9, 2)
    centre = chance.uniform(sides / 2 - 0.1, 1.1 - sides / 2)
    turn = chance.normal(0, 15) if chance.random() < 0.5 else 0.0
    corners = cv2.boxPoints((centre.tolist(), sides.tolist(), float(turn)))
    return _polygon(canvas, corners.astype(np.float64))


def _hand(canvas: Pixels, chance: Chance) -> Pixels:
    """A palm and two to four fingers, mostly from below."""
    palm = np.array([chance.uniform(0.2, 0.8), chance.uniform(0.3, 1.0)])
    angle = chance.uniform(-np.pi, 0) if chance.random() < 0.7 else chance.uniform(0, 2 * np.pi)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    thick, reach = chance.uniform(0.05, 0.11), chance.uniform(0.25, 0.6)
    _ellipse(canvas, palm[0], palm[1], 2.4 * thick, 2.6 * thick, float(np.degrees(angle)))
    for finger in range(chance.integers(2, 5)):
        start = palm + across * (finger - 1.5) * thick * 1.15
        ends = (np.array([start, start + along * reach * chance.uniform(0.7, 1.05)]) * _FINE).round().astype(int)
        cv2.line(canvas, ends[0].tolist(), ends[1].tolist(), 255, round(thick * _FINE))
    return canvas


def _mask(canvas: Pixels, chance: Chance) -> Pixels:
    """A medical mask or a raised collar: from the nose to below the chin."""
    top, left, right = chance.uniform(0.45, 0.65), chance.uniform(0.05, 0.25), chance.uniform(0.75, 0.95)
    nose = (0.5, top - chance.uniform(0, 0.08))
    jaw = [(right, top + 0.05), (right - 0.05, 0.85), (0.6, 1.0), (0.4, 1.0), (left + 0.05, 0.85)]
    return _polygon(canvas, np.array([(left, top + 0.05), nose, *jaw]))


def _glasses(canvas: Pixels, chance: Chance) -> Pixels:
    """Sunglasses."""
    y, height, gap = chance.uniform(0.3, 0.45), chance.uniform(0.06, 0.14), chance.uniform(0.02, 0.06)
    for side in (-1, 1):
        _ellipse(canvas, 0.5 + side * (0.2 + gap), y, 0.17, height)
    bridge = round((y - height / 2) * _FINE)
    cv2.line(canvas, (round(0.3 * _FINE), bridge), (round(0.7 * _FINE), bridge), 255, 4)
    return canvas


SHAPES: Final[dict[str, Callable[[Pixels, Chance], Pixels]]] = {
    "band": _band,
    "blob": _blob,
    "oval": _oval,
    "box": _box,
    "hand": _hand,
    "mask": _mask,
    "glasses": _glasses,
}


def _flat(face: Plane, _: Pixels, chance: Chance) -> Plane:
    return np.full_like(face, chance.uniform(0, 255))


def _mean(face: Plane, _: Pixels, chance: Chance) -> Plane:
    return np.full_like(face, face.mean() + chance.normal(0, 5))


def _skin(face: Plane, _: Pixels, chance: Chance) -> Plane:
    return float(np.median(face) * chance.uniform(0.7, 1.2)) + _cloud(4, chance.uniform(3, 20), chance)


def _noise(face: Plane, _: Pixels, chance: Chance) -> Plane:
    return float(chance.uniform(0, 255)) + _cloud(int(chance.integers(3, SIDE)), chance.uniform(5, 60), chance)


def _ramp(face: Plane, _: Pixels, chance: Chance) -> Plane:
    return np.asarray(chance.uniform(0, 255) + chance.uniform(10, 90) * _across(chance), np.float32)


def _stripes(face: Plane, _: Pixels, chance: Chance) -> Plane:
    waves = np.sin(chance.uniform(3, 20) * _across(chance) + chance.uniform(0, 6))
    return np.asarray(chance.uniform(0, 255) + chance.uniform(10, 70) * waves, np.float32)


def _piece(face: Plane, others: Pixels, chance: Chance) -> Plane:
    """A piece of another face, enlarged, maybe turned: skin, hair and shade as photos have them."""
    width = int(chance.integers(8, 30))
    top, left = chance.integers(0, SIDE - width, 2)
    piece = others[chance.integers(len(others)), top : top + width, left : left + width].astype(np.float32)
    return np.rot90(np.asarray(cv2.resize(piece, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)), int(chance.integers(4)))


def _cloud(cells: int, spread: float, chance: Chance) -> Plane:
    coarse = chance.normal(0, spread, (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.float32)


def _across(chance: Chance) -> NDArray[np.float64]:
    """A ramp (48, 48) from about -1 to 1 in a random direction."""
    angle, line = chance.uniform(0, 2 * np.pi), np.linspace(-1, 1, SIDE)
    return np.asarray(np.cos(angle) * line[None] + np.sin(angle) * line[:, None], np.float64)


_LOOKS: Final = (_flat, _mean, _skin, _noise, _ramp, _stripes, _piece)
