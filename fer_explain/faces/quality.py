"""Does a picture allow a reading? Six measures of a face, and the warnings that follow from them.

The limits were fitted on validation faces by ``python -m training.quality``; docs/photo_warnings.md has the accuracy on
either side of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_explain.types import Face

BROW_TO_CHIN: Final = 0.76  # of the crop's side: on FER2013 the eyes lie 0.37 of it apart, and faces are twice as high
SIDE: Final = 48  # pixels at which sharpness and cover are measured: FER2013's
_BURNT: Final = 250  # of 255
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)  # as in faces.preprocess


@dataclass(frozen=True, slots=True)
class Limit:
    """When a measure becomes a warning.

    Attributes:
        name: of the warning.
        told: the sentence for people.
        measure: of a face.
        value: the limit.
        above: whether what lies above it warns; else what lies below.
    """

    name: str
    told: str
    measure: Callable[[Face], float]
    value: float
    above: bool

    def warns(self, face: Face) -> bool:
        """Whether the face lies beyond the limit."""
        measured = self.measure(face)
        return measured > self.value if self.above else measured < self.value


def size(face: Face) -> float:
    """Pixels of the photo from brow to chin, about."""
    return BROW_TO_CHIN * 2 * float(np.hypot(face.to_photo[0, 0], face.to_photo[1, 0]))


def sharpness(face: Face) -> float:
    """Standard deviation of the Laplacian over that of the gray values, at 48 px: fine detail."""
    gray = _gray(face)
    spread = float(gray.std())
    return float(cv2.Laplacian(gray, cv2.CV_32F).std()) / spread if spread > 0 else 0.0


def light(face: Face) -> float:
    """The brightest twentieth of the face begins at this share of white (0..1)."""
    return float(np.percentile(_gray(face), 95)) / 255


def turn(face: Face) -> float:
    """How far the head is turned to a side: the nose tip's place between the eyes, 0 in the middle, 0.5 at an eye.

    Measured along the line through the eyes, so that a tilted head is not a turned one; 0 without landmarks.
    """
    if face.landmarks is None:
        return 0.0
    left, right, nose = face.landmarks[:3]
    line = right - left
    length = float(line @ line)
    return abs(float((nose - left) @ line) / length - 0.5) if length > 0 else 0.0


def burnt(face: Face) -> float:
    """Share (0..1) of the face that is white."""
    return float((_gray(face) >= _BURNT).mean())


def hidden(face: Face) -> float:
    """Share (0..1) of the face that something hides, as a small network sees it."""
    from fer_explain.faces.occlusion import hidden_share  # imports torch

    return hidden_share(np.asarray(cv2.resize(_gray(face), (SIDE, SIDE)), np.float32))


LIMITS: Final = (
    Limit("small", "The face is small in this photo: do not rely on the answer.", size, 24, False),
    Limit("dark", "The face is very dark: take the photo in more light.", light, 0.06, False),
    Limit("burnt", "Much of the face is burnt out to white: take the photo in less light.", burnt, 0.54, True),
    Limit("blurred", "The face is blurred: its expression may be misread.", sharpness, 0.12, False),
    Limit("turned", "The face is turned to a side: its expression may be misread.", turn, 0.5, True),
    Limit("hidden", "More than a third of the face is hidden: its expression may be misread.", hidden, 1 / 3, True),
)


def warnings(face: Face) -> list[Limit]:
    """What keeps this picture of a face from being read well; empty for a good one."""
    return [limit for limit in LIMITS if limit.warns(face)]


def _gray(face: Face) -> NDArray[np.float32]:
    """Gray values (S, S) in 0..255 at 48 px, or at the photo's own resolution where that is less."""
    gray = face.pixels.astype(np.float32) @ _LUMA
    side = min(SIDE, gray.shape[0], max(8, round(size(face) / BROW_TO_CHIN)))
    return np.asarray(cv2.resize(gray, (side, side), interpolation=cv2.INTER_AREA), np.float32)
