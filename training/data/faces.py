"""A split in memory, and the one way an encoded image becomes pixels of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.faces.photo import known_formats
from fer_explain.types import Pixels

SPLITS: Final = ("train", "validation", "test")
_SPLIT_NAMES: Final = {
    "train": ("train", "training", "train_set"),
    "validation": ("validation", "valid", "val", "val_set", "publictest"),
    "test": ("test", "test_set", "privatetest"),
}


@dataclass(frozen=True, slots=True)
class ImageForm:
    """How images are kept: gray (N, H, W) or colour (N, H, W, 3); sides above ``side`` pixels are reduced to it."""

    gray: bool = True
    side: int = 48


@dataclass(frozen=True, slots=True)
class Omitted:
    """An image that could not be used: its split, where it is, why, and for a photo without a face its class."""

    split: str
    where: str
    reason: str
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FaceSet:
    """One split of one source, or of a mix of several.

    Attributes:
        source: what ``--data`` said; the sources of a mix are joined by " + ".
        split: ``train`` | ``validation`` | ``test``.
        images: uint8 (N, H, W) or (N, H, W, 3).
        labels: int64 (N,), places in ``label_names``.
        rows: int64 (N,), each image's stable row id in its source.
        sources: the sources' names, at least one.
        source_of: int64 (N,), the place in ``sources`` that each image comes from.
        votes: int16 (N, 10) FER+ vote counts in the order of :data:`training.data.votes.VOTES`, all 0 for a face
            without certain votes; None where the source has no votes at all.
        left_out: images per class name that is none of ``label_names``; they are not in ``images``.
        label_names: the K classes.
        omitted: images that could not be used; they are not in ``images``.
        small: how many images had a side below 32 pixels.
    """

    source: str
    split: str
    images: Pixels
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    sources: tuple[str, ...] = ()
    source_of: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    votes: NDArray[np.int16] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    label_names: tuple[str, ...] = LABELS
    omitted: tuple[Omitted, ...] = ()
    small: int = 0

    def __post_init__(self) -> None:
        if not self.sources:  # one source, which need not be said twice
            object.__setattr__(self, "sources", (self.source,))
            object.__setattr__(self, "source_of", np.zeros(len(self.labels), np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over pixels and labels, and over each image's source in a mix; the first 16 hex digits."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).tobytes())
        digest.update(self.labels.tobytes())
        if self.label_names != LABELS:
            digest.update("\n".join(self.label_names).encode())
        if len(self.sources) > 1:
            digest.update(self.source_of.tobytes())
        return digest.hexdigest()[:16]

    def take(self, places: NDArray[np.integer[Any]]) -> FaceSet:
        """The images at ``places`` (M,), in that order."""
        return replace(
            self,
            images=self.images[places],
            labels=self.labels[places],
            rows=self.rows[places],
            source_of=self.source_of[places],
            votes=None if self.votes is None else self.votes[places],
        )

    def head(self, n: int) -> FaceSet:
        """The first ``n`` images, for a quick trial."""
        return self.take(np.arange(min(n, len(self))))


def split_of(name: str) -> str | None:
    """The split that a folder's or column's name means (``"PublicTest"`` -> ``"validation"``), or None."""
    key = name.strip().lower()
    return next((split for split, names in _SPLIT_NAMES.items() if key in names), None)


def decode(data: bytes | str | Path | Image.Image | Pixels, where: str, form: ImageForm) -> Pixels:
    """One image as uint8 (H, W) or (H, W, 3).

    Raises:
        FerError: it cannot be read; the sentence says ``where`` it came from.
    """
    return reduced(opened(data, where, form), form)


def opened(data: bytes | str | Path | Image.Image | Pixels, where: str, form: ImageForm) -> Image.Image:
    """One image in its own size, gray or RGB.

    Raises:
        FerError: it cannot be read; the sentence says ``where`` it came from.
    """
    known_formats()
    try:
        if isinstance(data, np.ndarray):
            data = Image.fromarray(data)
        elif not isinstance(data, Image.Image):
            data = Image.open(io.BytesIO(data) if isinstance(data, bytes) else data)
        return data.convert("L" if form.gray else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FerError(f"{where}: not a readable image.") from error


def reduced(image: Image.Image, form: ImageForm) -> Pixels:
    """An image's pixels, brought to ``form.side`` where it is larger."""
    if max(image.size) > form.side:
        image = image.resize((form.side, form.side), Image.Resampling.BILINEAR)
    return np.asarray(image)


def stack(images: Iterable[Pixels], form: ImageForm) -> Pixels:
    """Images as one array; where their sizes differ, all are resized to ``form.side``."""
    images = list(images)
    if len({image.shape for image in images}) > 1:
        images = [resized(image, form.side) for image in images]
    shape = (0, form.side, form.side) if form.gray else (0, form.side, form.side, 3)
    return np.stack(images) if images else np.zeros(shape, np.uint8)


def joined(sets: Sequence[FaceSet], form: ImageForm) -> FaceSet:
    """Several sets as one, each image knowing its source; where their sizes differ, all get ``form.side``."""
    if len(sets) == 1:
        return sets[0]
    sides = {faces.images.shape[1:] for faces in sets}
    images = [faces.images if len(sides) == 1 else _all_resized(faces.images, form.side) for faces in sets]
    offsets = np.cumsum([0, *(len(faces.sources) for faces in sets)])
    left_out: dict[str, int] = {}
    for name, count in (item for faces in sets for item in faces.left_out.items()):
        left_out[name] = left_out.get(name, 0) + count
    return FaceSet(
        " + ".join(faces.source for faces in sets),
        sets[0].split if len({faces.split for faces in sets}) == 1 else "all",
        np.concatenate(images),
        np.concatenate([faces.labels for faces in sets]),
        np.concatenate([faces.rows for faces in sets]),
        tuple(name for faces in sets for name in faces.sources),
        np.concatenate([faces.source_of + offset for faces, offset in zip(sets, offsets, strict=False)]),
        _joined_votes(sets),
        left_out,
        sets[0].label_names,
        tuple(each for faces in sets for each in faces.omitted),
        sum(faces.small for faces in sets),
    )


def resized(image: Pixels, side: int) -> Pixels:
    """One image as (side, side[, 3])."""
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR))


def _all_resized(images: Pixels, side: int) -> Pixels:
    if images.shape[1:3] == (side, side) or not len(images):
        return images.reshape(len(images), side, side, *images.shape[3:])
    return np.stack([resized(image, side) for image in images])


def _joined_votes(sets: Sequence[FaceSet]) -> NDArray[np.int16] | None:
    known = [faces.votes for faces in sets if faces.votes is not None]
    if not known:
        return None
    none = (np.zeros((len(faces), known[0].shape[1]), np.int16) for faces in sets)
    return np.concatenate(
        [faces.votes if faces.votes is not None else zeros for faces, zeros in zip(sets, none, strict=True)]
    )
