"""FER+ votes (Barsoum et al. 2016): ten people per FER2013 face chose one of eight emotions, unknown, or no face."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

VOTES: Final = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "no face",
)
COLUMN: Final = "ferplus_votes"
ALIGNED: Final = "ferplus_aligned"
_UNSURE: Final = (1, 2)  # of the values of ferplus_aligned; 3 is a face that FER+ leaves unnamed: all saw no face in it


def votes_of(row: dict[str, Any]) -> list[int]:
    """The ten counts of a row; all 0 where it has none, or where it is unsure that they belong to this face.

    ``ferplus_aligned`` says how surely FER+'s list could be laid beside FER2013, which holds some pixels many times.
    """
    counts = row.get(COLUMN)
    return [int(count) for count in counts] if counts and row.get(ALIGNED) not in _UNSURE else [0] * len(VOTES)


def as_votes(rows: list[list[int]]) -> NDArray[np.int16]:
    """The counts of all rows as int16 (N, 10)."""
    return np.asarray(rows, np.int16).reshape(-1, len(VOTES))
