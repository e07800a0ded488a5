"""What every face detector gives, and how a detector is called."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from fer_explain.types import Floats, Pixels


class Found(NamedTuple):
    """The N faces a detector found, in continuous pixels of the image it was given.

    ``boxes`` (N, 4) as x0, y0, x1, y1; ``landmarks`` (N, 5, 2) in the order of :class:`fer_explain.types.Face`;
    ``scores`` (N,) in 0..1.
    """

    boxes: Floats
    landmarks: Floats
    scores: Floats


class Detector(Protocol):
    """A face detector, safe to call from several threads."""

    def __call__(self, image: Pixels, smallest: float) -> Found:
        """Finds the faces of a uint8 (H, W, 3) RGB image whose larger side is at least about ``smallest`` pixels."""


def nothing() -> Found:
    """No face."""
    return Found(np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32))
