"""What a data set gives, image by image, and how its images become a split: the same for every form of ``--data``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from fer_explain.errors import FerError
from fer_explain.types import Pixels
from training.data.classes import SEVEN, Classes, ClassMap
from training.data.faces import FaceSet, ImageForm, Omitted, opened, reduced, stack
from training.data.votes import as_votes

NO_FACE: Final = "no face found"
_UNREADABLE: Final = "not a readable image"


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a data set, not yet decoded.

    Attributes:
        row: stable row id in its source.
        name: of its class, as the data call it.
        image: an encoded image, its file, or what gives its pixels.
        where: it came from, for people.
        votes: FER+'s ten counts; None where the source has none.
    """

    row: int
    name: str
    image: bytes | Path | Callable[[], Pixels]
    where: str
    votes: list[int] | None = None


class Source(Protocol):
    """One data set."""

    def splits(self) -> set[str]:
        """Those of train, validation and test that it has."""

    def names(self) -> set[str]:
        """Its class names."""

    def items(self, split: str) -> Iterable[Item]:
        """The images of a split, in a stable order."""


Crop = Callable[[Item, ImageForm], Pixels | None]
"""The face in an item's photo as (side, side[, 3]); None where none is found."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How data sets are read.

    Attributes:
        classes: that are learned.
        image_column: name of the column with the images; "" = a usual one.
        label_column: name of the column with the classes; "" = a usual one.
        max_broken: largest share, 0..1, of images that cannot be read and are left out.
        crop: finds the faces of photos; None: the images are faces.
        held_out: by the name of a source without a validation split, the rows of its training split that serve as one.
    """

    classes: Classes = SEVEN
    image_column: str = ""
    label_column: str = ""
    max_broken: float = 0.0
    crop: Crop | None = None
    held_out: Mapping[str, frozenset[int]] = field(default_factory=dict)


def items_of(source: Source, name: str, split: str, reading: Reading) -> Iterable[Item]:
    """The images of a split, which may be a held-out part of the training split."""
    held = reading.held_out.get(Path(name).name)
    if held is None or split == "test":
        return source.items(split)
    return (item for item in source.items("train") if (item.row in held) == (split == "validation"))


def collect(source: str, split: str, items: Iterable[Item], form: ImageForm, reading: Reading) -> FaceSet:
    """Decodes the images of the learned classes.

    Raises:
        FerError: more than ``max_broken`` of them cannot be read.
    """
    classes = ClassMap(reading.classes)
    images, kept, labels, omitted, small = [], [], [], [], 0
    for item in items:
        index = classes.index(item.name)
        if index is None:
            continue
        try:
            pixels, side = _pixels(item, form, reading.crop)
        except FerError:
            if not reading.max_broken:
                raise
            omitted.append(Omitted(split, item.where, _UNREADABLE))
            continue
        if pixels is None:
            omitted.append(Omitted(split, item.where, NO_FACE, reading.classes.names[index]))
            continue
        images.append(pixels)
        kept.append(item)
        labels.append(index)
        small += side < TINY
    _check_broken(source, split, omitted, len(kept), reading.max_broken)
    voted = any(item.votes is not None for item in kept)
    return FaceSet(
        source,
        split,
        stack(images, form),
        np.asarray(labels, np.int64),
        np.asarray([item.row for item in kept], np.int64),
        votes=as_votes([item.votes or [0] * 10 for item in kept]) if voted else None,
        left_out=classes.report(),
        label_names=reading.classes.names,
        omitted=tuple(omitted),
        small=small,
    )


TINY: Final = 32  # pixels; on less than that an expression is hard to see


def _pixels(item: Item, form: ImageForm, crop: Crop | None) -> tuple[Pixels | None, int]:
    """The image as the network's form wants it, and its own shorter side in pixels."""
    if crop is not None:
        return crop(item, form), TINY
    image = opened(item.image() if callable(item.image) else item.image, item.where, form)
    return reduced(image, form), min(image.size)


def _check_broken(source: str, split: str, omitted: list[Omitted], kept: int, allowed: float) -> None:
    broken = [each for each in omitted if each.reason == _UNREADABLE]
    total = len(omitted) + kept
    if len(broken) > allowed * total:
        raise FerError(
            f"--data {source}: {len(broken):,} of {total:,} {split} images cannot be read, more than --max-broken "
            f"{100 * allowed:g} %; the first is {broken[0].where}."
        )


def missed(faces: FaceSet) -> dict[str, int]:
    """Photos without a face by class name."""
    return dict(Counter(each.label for each in faces.omitted if each.reason == NO_FACE))


def lazily(make: Callable[..., Pixels], *arguments: Any) -> Callable[[], Pixels]:
    """An image that is made when it is wanted."""
    return partial(make, *arguments)
