"""Which part of the face every pixel of a crop shows, worked out from the detector's five landmarks.

The landmarks span a face frame in which parts of a face lie at about the same place in everyone: the origin lies
midway between the eyes; one unit to the right (s) is the distance of the eyes, one unit down (t) the distance from
the line of the eyes to the line of the mouth. Size, turn and stretch of the face drop out. In it the parts are simple
shapes, whose proportions follow the classical canon of the face (hairline, brows, base of the nose and chin a third of
the face apart, the lips a third of the way from nose to chin; Farkas et al. 1985, "Vertical and horizontal proportions
of the face in young adult North American Caucasians"), widened to hold what moves in an expression, as measured on the
faces of :mod:`fer_explain.faces.drawn`. It is a layout and no segmentation: hair is where hair usually is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from fer_explain.types import Face, Floats

REGIONS: Final = ("brows", "eyes", "nose", "mouth", "cheeks", "hair", "background")
"""The parts, in the order of their indices. ``cheeks`` are the rest of the skin: cheeks, temples, forehead and chin."""

Source = Literal["landmarks", "canonical layout"]

# Normalised crop coordinates. The median of MTCNN's landmarks on 518 of 599 faces of FER2013's validation split (every
# sixth), made symmetric: where the parts of a face lie in a crop without landmarks.
CANONICAL_LANDMARKS: Final[Floats] = np.array(
    [[-0.38, -0.19], [0.38, -0.19], [0.0, 0.25], [-0.315, 0.63], [0.315, 0.63]], dtype=np.float32
)
# Of the crop's half side. The faces measured above have 0.75 and 0.83; one that is ten times smaller was not found.
_SMALLEST = 0.08
# Distance of the eyes over distance from eyes to mouth: 0.74 to 1.08 in nine of ten of those faces; less is a profile.
_NARROWEST = 0.6

_Mask = NDArray[np.bool_]
_Plane = NDArray[np.float64]


def face_regions(face: Face, size: int) -> NDArray[np.intp]:
    """The part of the face at every pixel of its crop, drawn with ``size`` pixels a side.

    Returns:
        (size, size), the index into :data:`REGIONS`; every pixel belongs to exactly one part.
    """
    points = _landmarks(face)
    return _layout(CANONICAL_LANDMARKS if points is None else points, size)


def canonical_regions(size: int) -> NDArray[np.intp]:
    """The same (size, size) for a face of which nothing but its crop is known."""
    return _layout(CANONICAL_LANDMARKS, size)


def region_source(face: Face) -> Source:
    """What :func:`face_regions` goes by: the face's own landmarks, or the layout of a usual crop in their absence.

    Landmarks that collapse to a point, as of a face misread, count as absent.
    """
    return "canonical layout" if _landmarks(face) is None else "landmarks"


def _layout(points: Floats, size: int) -> NDArray[np.intp]:
    """The parts (size, size) around landmarks (5, 2) in normalised crop coordinates."""
    frame = _frame(points)
    s, t = _face_frame(frame, size)
    _, _, nose, left, right = np.linalg.solve(frame[:, :2], (points - frame[:, 2]).T).T
    regions = np.full((size, size), REGIONS.index("background"))
    for name, mask in _parts(s, t, nose=nose, mouth=float(right[0] - left[0]) / 2):
        regions[mask] = REGIONS.index(name)
    return regions


def _landmarks(face: Face) -> Floats | None:
    """The landmarks (5, 2) in normalised crop coordinates, or None where they do not span a face."""
    if face.landmarks is None:
        return None
    linear, shift = face.to_photo[:, :2], face.to_photo[:, 2]
    points: Floats = np.linalg.solve(linear, (face.landmarks - shift).T).T.astype(np.float32)
    down = points[3:].mean(axis=0) - points[:2].mean(axis=0)
    return points if np.isfinite(points).all() and np.hypot(*down) > _SMALLEST else None


def _frame(points: Floats) -> Floats:
    """The map (2, 3) from the face frame (s, t) to normalised crop coordinates, given the landmarks (5, 2)."""
    origin = points[:2].mean(axis=0)
    down = points[3:].mean(axis=0) - origin
    right = points[1] - points[0]
    across = np.array([down[1], -down[0]])  # as long as `down`, and upright to it
    if right @ across < _NARROWEST * (across @ across):  # in profile the eyes coincide: the head is as wide as ever
        right = _NARROWEST * across
    return np.column_stack([right, down, origin]).astype(np.float32)


def _face_frame(frame: Floats, size: int) -> tuple[_Plane, _Plane]:
    """The coordinates s and t (size, size) of the pixel centres of a crop."""
    centres = (2 * np.arange(size) + 1) / size - 1
    x, y = np.meshgrid(centres - frame[0, 2], centres - frame[1, 2])
    s, t = np.einsum("ij,jhw->ihw", np.linalg.inv(frame[:, :2].astype(np.float64)), np.stack([x, y]))
    return s, t


def _parts(s: _Plane, t: _Plane, nose: Floats, mouth: float) -> Iterator[tuple[str, _Mask]]:
    """The parts from back to front: where two overlap, the later one counts.

    Args:
        s: position across the face, 1 = the distance of the eyes.
        t: position down the face, 0 at the eyes, 1 at the mouth.
        nose: (2,) the tip of the nose, which leaves the middle when the head turns.
        mouth: half the distance of the corners of the mouth, in units of s.
    """
    back = float(np.clip(-0.6 * nose[0], -0.5, 0.5))  # what the nose turns to one side shows of the other
    yield "hair", _ellipse(s, t, (back, -0.1), (1.5, 1.9)) & (t < 0.4)
    yield "cheeks", _ellipse(s, t, (back, 0.25), (1.12, 1.5))
    yield "brows", _pill(s, t, (0, -0.51), (0.95, 0.3))
    for side in (-0.5, 0.5):
        yield "eyes", _ellipse(s, t, (side, 0.0), (0.42, 0.27))
    along = np.clip(t / max(float(nose[1]), 0.2), 0, 1)  # 0 at the bridge, 1 at the tip
    yield "nose", (np.abs(s - along * nose[0]) < 0.1 + 0.22 * along) & (t > -0.2) & (t < 0.72)
    yield "mouth", _ellipse(s, t, (0, 1.1), (max(mouth, 0.3) + 0.22, 0.48))


def _ellipse(s: _Plane, t: _Plane, centre: tuple[float, float], radii: tuple[float, float]) -> _Mask:
    inside: _Mask = _square(s, centre[0], radii[0]) + _square(t, centre[1], radii[1]) <= 1
    return inside


def _pill(s: _Plane, t: _Plane, centre: tuple[float, float], radii: tuple[float, float]) -> _Mask:
    """An ellipse with squared corners (a superellipse of degree 4)."""
    inside: _Mask = _square(s, centre[0], radii[0]) ** 2 + _square(t, centre[1], radii[1]) ** 2 <= 1
    return inside


def _square(values: _Plane, centre: float, radius: float) -> _Plane:
    scaled: _Plane = (values - centre) / radius
    return scaled * scaled
