"""The seven classes of FER2013: their order and names; and the colours that classes, also others, have in every figure.

The order is the data set's own (0 = angry .. 6 = neutral). Several sources use the alphabetical order of image folders
instead, so labels from outside are always mapped by *name*, through :func:`canonical`, never by index.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import count
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

CONTEMPT: Final = "contempt"  # the eighth class of FER+ and AffectNet
_CONTEMPT_COLOR: Final = "#68130B"  # of all colours the farthest from the seven
# What other classes get, in this order. Each is as far as can be (in OKLab, Ottosson 2020) from those before it
# and from the eight above, for the worst of normal, protan and deutan eyes (Machado et al. 2009, severity 1).
_PALETTE: Final = (
    "#212F75", "#70F1DA", "#8C3D12", "#6381F8", "#EADD24", "#375D76", "#C0B086", "#3448BA",
    "#60D4FE", "#512A37", "#467460", "#72F896", "#83BDBD", "#578ED4", "#E2C162", "#A9D0B0",
    "#643B34", "#9A5505", "#314968", "#591F97", "#486E88", "#7364DE", "#356350", "#534B97",
)  # fmt: skip

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


def key_of(name: str) -> str:
    """What tells whether two class names mean the same: the emotion for one of the seven, else the name in lower case.

    >>> key_of("Happiness"), key_of(" Tired "), key_of("contemptuous")
    ('happy', 'tired', 'contempt')
    """
    key = name.strip().lower()
    return canonical(name) or (CONTEMPT if key == "contemptuous" else key)


def color_of(label: str, labels: Sequence[str] = ()) -> str:
    """The colour ``#RRGGBB`` of a class: an emotion's own, else one by its place among the network's other classes.

    Args:
        label: name of the class.
        labels: all classes of the network, so that no two of them look alike.
    """
    return _colors(tuple(labels) if label in labels else (*labels, label))[label]


@cache
def _colors(labels: tuple[str, ...]) -> dict[str, str]:
    """The colours of a network's classes; of two names of one emotion only the first has that emotion's colour."""
    own = {**COLORS, CONTEMPT: _CONTEMPT_COLOR}
    keys = [key_of(label) for label in labels]
    colors = {
        label: own[key] for place, (label, key) in enumerate(zip(labels, keys, strict=True))
        if key in own and key not in keys[:place]
    }  # fmt: skip
    taken = set(colors.values())
    for label in labels:
        if label not in colors:
            colors[label] = next(color for color in map(_further, count()) if color not in taken)
            taken.add(colors[label])
    return colors


def _further(place: int) -> str:
    """The palette; after its 24 colours again, each time nearer to white, so that no colour comes twice."""
    color, turn = _PALETTE[place % len(_PALETTE)], place // len(_PALETTE)
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(value + (255 - value) * turn / 7):02X}" for value in channels)
