"""The seven classes of FER2013: their order, their names and the colours they have in every figure.

The order is the data set's own (0 = angry .. 6 = neutral). Several sources use the alphabetical order of image folders
instead, so labels from outside are always mapped by *name*, through :func:`canonical`, never by index.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from fer_explain.errors import FerError

LABELS: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

# Okabe and Ito's colour-blind-safe palette, with gray for neutral.
COLORS: Final = MappingProxyType(
    {
        "angry": "#D55E00",
        "disgust": "#009E73",
        "fear": "#CC79A7",
        "happy": "#E69F00",
        "sad": "#0072B2",
        "surprise": "#56B4E9",
        "neutral": "#7F7F7F",
    }
)

_ALIASES: Final = MappingProxyType(
    {
        "anger": "angry",
        "disgusted": "disgust",
        "afraid": "fear",
        "fearful": "fear",
        "happiness": "happy",
        "joy": "happy",
        "sadness": "sad",
        "surprised": "surprise",
        "calm": "neutral",
    }
)


def canonical(name: str) -> str | None:
    """The FER2013 name of an emotion (``"Happiness"`` -> ``"happy"``), or None for a name that is none of the seven."""
    key = name.strip().lower()
    key = _ALIASES.get(key, key)
    return key if key in LABELS else None


def index_of(name: str) -> int:
    """The class index (0..6) of an emotion name or alias.

    Raises:
        FerError: the name is none of the seven.
    """
    label = canonical(name)
    if label is None:
        raise FerError(f"'{name}' is not one of the seven emotions: {', '.join(LABELS)}.")
    return LABELS.index(label)
