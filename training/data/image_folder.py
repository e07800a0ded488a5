"""A folder of images in any of its usual layouts: by split and class, by class alone, AffectNet's and RAF-DB's own."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from fer_explain.emotions import canonical
from fer_explain.errors import FerError
from training.data.class_names import AFFECTNET, class_names
from training.data.faces import split_of
from training.data.raf_db import LIST, listed
from training.data.source import Item

_PREFIX: Final = {"validation": "PublicTest_", "test": "PrivateTest_"}
_SUFFIXES: Final = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2")
)
_HIDDEN: Final = (".", "__MACOSX")  # beginnings of names that systems leave behind: .DS_Store, ._photo.jpg, __MACOSX
_LOG = logging.getLogger(__name__)

Named = list[tuple[Path, str]]
"""Image files and what the data call their class, sorted by file."""


class ImageFolder:
    """A :class:`training.data.source.Source`.

    These are found by themselves, with further folders above or below them:

    * ``SPLIT/CLASS/**``, ``CLASS/SPLIT/**`` and, for training alone, ``CLASS/**``. A ``test`` folder whose file names
      start with ``PublicTest_`` and ``PrivateTest_`` (Kaggle's unpacking of FER2013) holds validation and test.
    * AffectNet's ``train_set/images`` with ``train_set/annotations/*_exp.npy``
    * RAF-DB's ``EmoLabel/list_patition_label.txt`` with ``Image/aligned``

    The row id is the image's place in the sorted list of the split's files. Classes are named by their folders, or as
    ``classes.txt`` beside these says (one "FOLDER NAME" per line).

    Args:
        path: the folder.
        chosen: class folders that ``--classes`` names itself.
    """

    def __init__(self, path: Path, chosen: Iterable[str] = ()) -> None:
        self.path, self._chosen = path, tuple(chosen)

    @property
    def found(self) -> bool:
        """Whether there are images by class at all."""
        return any(self._files.values())

    def splits(self) -> set[str]:
        """Those that have images."""
        return {split for split, files in self._files.items() if files}

    def names(self) -> set[str]:
        """Its class names."""
        return {name for files in self._files.values() for _, name in files}

    def items(self, split: str) -> Iterator[Item]:
        """The images of a split.

        Raises:
            FerError: there are none, or their classes cannot be named.
        """
        if not self._files.get(split):
            raise FerError(
                f"--data {self.path}: there is no folder for the {split} split (expected one named {split})"
                + ("; put the class folders into a folder named train, validation or test." if self._flat else ".")
            )
        for row, (file, name) in enumerate(self._files[split]):
            yield Item(row, name, file, str(file))

    @cached_property
    def _root(self) -> Path:
        """The folder in which the classes or splits lie: further in, where there is but one folder."""
        root = self.path
        while len(inner := [child for child in root.iterdir() if child.is_dir() and not _is_hidden(child.name)]) == 1:
            [only] = inner
            deeper = any(child.is_dir() for child in only.iterdir())
            if split_of(only.name) or canonical(only.name) or not deeper:
                break
            root = only
        return root

    @cached_property
    def _flat(self) -> bool:
        return not any(_split_in(file, self._root) for file in _images(self._root))

    @cached_property
    def _files(self) -> dict[str, Named]:
        lists = sorted(self._root.rglob(LIST))
        if lists:
            return listed(self.path, lists)
        annotated = [folder for folder in self._root.iterdir() if (folder / "annotations").is_dir()]
        if annotated:
            return {
                split: [(file, _annotated(file)) for file in _images(folder / "images")]
                for folder in annotated if (split := split_of(folder.name))
            }  # fmt: skip
        return self._by_folder()

    def _by_folder(self) -> dict[str, Named]:
        placed = [(_split_in(file, self._root), _class_in(file, self._root), file) for file in _images(self._root)]
        aside = [file for split, name, file in placed if not name or not (split or self._flat)]
        if aside:
            _LOG.warning(
                "--data %s: left out %d images that lie in no class folder, such as %s.",
                self.path,
                len(aside),
                aside[0],
            )
        files: dict[str, Named] = {}
        for split, name, file in placed:
            if name and (split or self._flat):
                files.setdefault(split or "train", []).append((file, name))
        files = _by_prefix(files)
        every = [entry for part in files.values() for entry in part]
        names = class_names(self._root, {name for _, name in every}, [file for file, _ in every], self._chosen)
        return {split: [(file, names[name]) for file, name in part] for split, part in files.items()}


def is_image_folder(path: Path) -> bool:
    """Whether ``path`` holds images by class, and not parquet shards."""
    if any(path.glob("*.parquet")) or any(path.glob("data/*.parquet")):
        return False
    return ImageFolder(path).found if not _is_numbered(path) else True


def _is_numbered(path: Path) -> bool:
    """Whether its class folders are numbers: they are told of when it is known which of them ``--classes`` names."""
    return any(name and name.isdecimal() for name in {_class_in(file, path) for file in _images(path)})


def _by_prefix(files: dict[str, Named]) -> dict[str, Named]:
    """With the public test images of Kaggle's unpacking as validation, and the private ones as test."""
    test = files.get("test", [])
    for split, prefix in _PREFIX.items():
        some = [entry for entry in files.get(split) or test if entry[0].name.startswith(prefix)]
        if some:
            files[split] = some
    return files


def _images(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in _SUFFIXES and not any(map(_is_hidden, file.relative_to(folder).parts))
    )


def _is_hidden(name: str) -> bool:
    return name.startswith(_HIDDEN)


def _split_in(file: Path, root: Path) -> str | None:
    return next((split for part in file.relative_to(root).parts[:-1] if (split := split_of(part))), None)


def _class_in(file: Path, root: Path) -> str | None:
    """The folder below the split's, or above it where the split lies inside the class; else the uppermost one."""
    parts = file.relative_to(root).parts[:-1]
    place = next((place for place, part in enumerate(parts) if split_of(part)), -1)
    inner = parts[place + 1 :]
    if inner:
        return inner[0]
    return parts[place - 1] if place > 0 else None


def _annotated(file: Path) -> str:
    """The class of ``SPLIT/images/ID.jpg`` in AffectNet's own layout: a number in ``SPLIT/annotations/ID_exp.npy``.

    Raises:
        FerError: the annotation is missing or none of AffectNet's numbers.
    """
    root = next(parent for parent in file.parents if parent.name == "images").parent
    annotation = root / "annotations" / f"{file.stem}_exp.npy"
    try:
        return AFFECTNET[int(np.load(annotation, allow_pickle=False).item())]
    except (OSError, ValueError, IndexError) as error:
        raise FerError(f"{annotation}: expected a number 0..{len(AFFECTNET) - 1} for {file.name} ({error}).") from error
