"""A folder of images: ``train/angry/*.jpg``, ``validation/...``, ``test/...``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from fer_explain.emotions import LABELS, canonical
from fer_explain.errors import FerError
from training.data.faces import FaceSet, ImageForm, decode, stack

_NAMES: Final = {"train": ("train", "training"), "validation": ("validation", "valid", "val"), "test": ("test",)}
_PREFIX: Final = {"validation": "PublicTest_", "test": "PrivateTest_"}
_SUFFIXES: Final = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff"}


def is_image_folder(path: Path) -> bool:
    """Whether ``path`` has a training folder (and not parquet shards)."""
    return any((path / name).is_dir() for name in _NAMES["train"])


def read_image_folder(path: Path, split: str, form: ImageForm) -> FaceSet:
    """Reads a split; the row id is the image's place in the sorted list of the split's files.

    A ``test`` folder whose file names start with ``PublicTest_`` / ``PrivateTest_`` (a common unpacking of FER2013)
    holds both validation and test.

    Raises:
        FerError: no folder for the split, a class folder that is no emotion, or an unreadable image.
    """
    files = _split_files(path, split)
    labels = [_label(file) for file in files]
    images = stack((decode(file, str(file), form) for file in files), form)
    return FaceSet(str(path), split, images, np.asarray(labels, np.int64), np.arange(len(files)))


def _split_files(path: Path, split: str) -> list[Path]:
    folders = [path / name for name in _NAMES[split] if (path / name).is_dir()]
    merged = path / "test"
    if not folders and split == "validation" and merged.is_dir():
        files = [file for file in _images(merged) if file.name.startswith(_PREFIX["validation"])]
        if files:
            return files
    if not folders:
        raise FerError(
            f"--data {path}: there is no folder for the {split} split (expected {' or '.join(_NAMES[split])})."
        )
    files = _images(folders[0])
    if split == "test" and any(file.name.startswith(_PREFIX["test"]) for file in files):
        return [file for file in files if file.name.startswith(_PREFIX["test"])]
    return files


def _images(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*/*") if file.suffix.lower() in _SUFFIXES)


def _label(file: Path) -> int:
    label = canonical(file.parent.name)
    if label is None:
        raise FerError(f"{file}: the folder '{file.parent.name}' is not one of {', '.join(LABELS)}.")
    return LABELS.index(label)
