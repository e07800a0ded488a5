"""Images that are no faces: blank ones, drawings such as "image not available", and a detector's opinion on a sample.

A detector needs 30 ms for a face, twenty minutes for FER2013, and misses one in nine of its faces, so it cannot be the
criterion. A photograph's middle is never flat, though: skin has texture and sensors have noise, and letters, warning
signs and speech bubbles on an even ground have neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import torch.nn.functional as F
from torch import Tensor

from fer_explain.faces.detect import load_detector
from fer_explain.faces.look import find
from training.audit.duplicates import as_gray, blocks
from training.data.faces import FaceSet

BLANK: Final = "blank"
DRAWING: Final = "drawing or text"
CONTRAST: Final = 2.0  # gray levels (standard deviation); an image below it is blank
FLAT_SHARE: Final = 0.5  # of the middle; an image above it is a drawing
_EVEN: Final = 6  # gray levels; a pixel is flat when its 3 x 3 neighbourhood spans no more
_BORDER: Final = 9  # of 48 pixels on each side are not looked at: studio backgrounds are flat


def suspects(faces: FaceSet) -> pd.DataFrame:
    """The images that are probably no faces.

    Returns:
        One row per suspect: ``place`` in the set, ``reason`` (``blank`` | ``drawing or text``), ``contrast`` (gray
        levels) and ``flat`` (share 0..1 of the middle 30 x 30 pixels at 48 x 48 that lie in flat areas).
    """
    gray = as_gray(faces.images)
    contrast, flat = (
        np.concatenate([measure(x) for x in blocks(gray)]).astype(np.float64) for measure in (_contrast, _flat)
    )
    table = pd.DataFrame({"place": np.arange(len(faces)), "contrast": contrast, "flat": flat})
    table.insert(1, "reason", np.where(table["contrast"] < CONTRAST, BLANK, DRAWING))
    return table[(table["contrast"] < CONTRAST) | (table["flat"] >= FLAT_SHARE)].reset_index(drop=True)


def _contrast(x: Tensor) -> Tensor:
    return x.float().flatten(1).std(1, correction=0)


def _flat(x: Tensor) -> Tensor:
    """The share (N,) of pixels of the middle whose neighbourhood is even; faces uint8 (N, 48, 48)."""
    middle = x.float()[:, None, _BORDER - 1 : 1 - _BORDER, _BORDER - 1 : 1 - _BORDER]
    span = F.max_pool2d(middle, 3, 1) + F.max_pool2d(-middle, 3, 1)
    return (span <= _EVEN).float().mean((1, 2, 3))


@dataclass(frozen=True, slots=True)
class DetectorSample:
    """In how many of ``n`` randomly chosen images ``detector`` found no face; it misses real faces too."""

    detector: str
    n: int
    missed: int


def ask_detector(faces: FaceSet, n: int, seed: int = 0) -> DetectorSample:
    """Looks for a face in ``n`` images drawn at random, without those that are blank.

    Raises:
        FerError: no detector is at hand.
    """
    name, detector = load_detector()
    gray = as_gray(faces.images)
    visible = np.flatnonzero(np.concatenate([_contrast(x) for x in blocks(gray)]) >= CONTRAST)
    chosen = np.random.default_rng(seed).choice(visible, min(n, len(visible)), replace=False)
    missed = 0
    for place in chosen:
        photo = np.repeat(gray[place].numpy()[..., None], 3, axis=-1)
        # The faces fill the picture, and a border helps the detector to see one that does.
        missed += not len(find(detector, photo, side=144, smallest=0.3, border=0.25).scores)
    return DetectorSample(name, len(chosen), missed)
