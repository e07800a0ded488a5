"""Which classes are learned: the data's own, or those that ``--classes`` chooses, orders, renames and merges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fer_explain.emotions import LABELS, canonical, key_of
from fer_explain.errors import FerError
from fer_explain.hub.bounds import LABEL

FEWEST: Final = 2
MOST: Final = 100
_NO_CLASS: Final = ("none", "uncertain", "unknown", "no face")  # what AffectNet and FER+ call images without a class


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a data set, and which of its own names mean each.

    Attributes:
        pairs: (name in the data, name that is learned), in the order of the classes; several may have the same second.
    """

    pairs: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes in their order."""
        return tuple(dict.fromkeys(name for _, name in self.pairs))

    @property
    def renamed(self) -> dict[str, str]:
        """The pairs whose two names differ."""
        return {source: name for source, name in self.pairs if source != name}

    def index(self, name: str) -> int | None:
        """The class of an image that the data call ``name``: by its very name, else by its emotion; None for none."""
        return _index(self.pairs, name)


def classes_of(labels: Sequence[str], renamed: dict[str, str] | None = None) -> Classes:
    """Classes under their own names, such as a checkpoint's, and what else means them in its data."""
    further = [(source, name) for source, name in (renamed or {}).items() if name in labels]
    return Classes((*((label, label) for label in labels), *further))


SEVEN: Final = classes_of(LABELS)


class ClassMap:
    """Gives class names their indices, and counts the images whose class is none of those that are learned."""

    def __init__(self, classes: Classes = SEVEN) -> None:
        self._classes = classes
        self._left_out: Counter[str] = Counter()

    def index(self, name: str) -> int | None:
        """The class index of one image's class name, or None after counting the image as left out."""
        index = self._classes.index(name)
        if index is None:
            self._left_out[name] += 1
        return index

    def report(self) -> dict[str, int]:
        """Images left out by class name, the most frequent first."""
        return dict(self._left_out.most_common())


def choose_classes(found: Iterable[str], wanted: str, source: str, fewest: int = FEWEST) -> Classes:
    """The classes to learn.

    Args:
        found: the names in the data.
        wanted: what ``--classes`` says: names, or SOURCE=NAME, between commas; "" means all that are found. These are
            FER2013's seven in its order where the data have exactly those, else the data's own, sorted.
        source: of the data, for the errors.
        fewest: classes that there must be.

    Raises:
        FerError: fewer than 2 or more than 100 classes, or ``wanted`` names one that the data do not have.
    """
    names = sorted({name.strip() for name in found if name.strip()})
    chosen = _wanted(wanted, names, source) if wanted else _own(names)
    if not fewest <= len(chosen.names) <= MOST:
        told = ", ".join(chosen.names[:5]) + (", ..." if len(chosen.names) > 5 else "")
        raise FerError(
            f"--data {source}: {fewest} to {MOST} classes can be learned; these are {len(chosen.names)}"
            + (f" ({told})." if told else ".")
        )
    long = [name for name in chosen.names if len(name) > LABEL]
    if long:
        raise FerError(f"--classes: '{long[0][:LABEL]}...' is too long; a class has a name of at most {LABEL} letters.")
    return chosen


def _own(names: Sequence[str]) -> Classes:
    """All that are found; names of one emotion that differ only in spelling are one class."""
    names = [name for name in names if name.lower() not in _NO_CLASS]
    emotions = {canonical(name) for name in names}
    if emotions == set(LABELS):
        return SEVEN
    spelled = Counter(key_of(name) for name in {name.lower() for name in names})
    pairs: dict[str, str] = {}
    for name in names:
        key = key_of(name)
        # Joy and happiness side by side are two classes of these data, whatever they mean elsewhere.
        known = key == "contempt" or canonical(name) is not None
        pairs[name] = key if known and spelled[key] == 1 else pairs.get(_spelled_so_far(pairs, name), name)
    return Classes(tuple(sorted(pairs.items(), key=lambda pair: (pair[1].lower(), pair[0]))))


def _spelled_so_far(pairs: dict[str, str], name: str) -> str:
    """The former name that differs from this one in capitals alone, if any."""
    return next((other for other in pairs if other.lower() == name.lower()), name)


def _wanted(text: str, names: Sequence[str], source: str) -> Classes:
    pairs = []
    for part in (part.strip() for part in text.split(",")):
        own, equals, name = (piece.strip() for piece in part.partition("="))
        if not own or (equals and not name):
            raise FerError(f"--classes {text}: '{part}' is no class; give names, or SOURCE=NAME, between commas.")
        if Classes(((own, own),)).index(own) is None or not any(
            Classes(((own, own),)).index(each) == 0 for each in names
        ):
            raise FerError(f"--classes: the data {source} have no class '{own}'; they have {', '.join(names)}.")
        pairs.append((own, name or own))
    repeated = [own for own, n in Counter(own.lower() for own, _ in pairs).items() if n > 1]
    if repeated:
        raise FerError(f"--classes {text}: '{repeated[0]}' is named twice.")
    return Classes(tuple(pairs))


@lru_cache(maxsize=4096)
def _index(pairs: tuple[tuple[str, str], ...], name: str) -> int | None:
    names = tuple(dict.fromkeys(own for _, own in pairs))
    said = name.strip().lower()
    for source, own in pairs:
        if source.strip().lower() == said:
            return names.index(own)
    for source, own in pairs:
        if key_of(source) == key_of(said):
            return names.index(own)
    return None
