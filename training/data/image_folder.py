"""A folder of images: ``train/angry/*.jpg``, ``validation/...``, ``test/...``; or AffectNet's own two layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from fer_explain.emotions import canonical
from fer_explain.errors import FerError
from training.data.class_names import AFFECTNET, ClassMap, class_names
from training.data.faces import FaceSet, ImageForm, decode, split_of, stack

_PREFIX: Final = {"validation": "PublicTest_", "test": "PrivateTest_"}
_SUFFIXES: Final = {
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".webp",
    ".gif",
    ".tif",
    ".tiff",
    ".heic",
    ".heif",
    ".avif",
    ".jp2",
}


def is_image_folder(path: Path) -> bool:
    """Whether ``path`` holds folders of images by split (and not parquet shards).

    Raises:
        FerError: there are class folders, but not inside the folder of a split.
    """
    folders = [folder for folder in path.iterdir() if folder.is_dir()]
    if any(canonical(folder.name) for folder in folders):
        raise FerError(f"--data {path}: put the class folders into a folder named train, validation or test.")
    return any(split_of(folder.name) and any(child.is_dir() for child in folder.iterdir()) for folder in folders)


def read_image_folder(path: Path, split: str, form: ImageForm) -> FaceSet:
    """Reads a split; the row id is the image's place in the sorted list of the split's files.

    A ``test`` folder whose file names start with ``PublicTest_`` / ``PrivateTest_`` (a common unpacking of FER2013)
    holds both validation and test. Class folders are named by emotion, or as ``classes.txt`` beside the splits says
    (one "FOLDER NAME" per line); folders that are all numbers have AffectNet's order, which is said as a warning.
    AffectNet's original layout (``train_set/images`` and ``train_set/annotations/*_exp.npy``) is read too.

    Raises:
        FerError: no folder for the split, class folders that cannot be named, or an unreadable image.
    """
    kept, left_out = labelled_files(path, split)
    return FaceSet(
        str(path),
        split,
        stack((decode(file, str(file), form) for _, file, _ in kept), form),
        np.array([label for _, _, label in kept], np.int64),
        np.array([row for row, _, _ in kept], np.int64),
        left_out=left_out,
    )


def labelled_files(path: Path, split: str) -> tuple[list[tuple[int, Path, int]], dict[str, int]]:
    """Row id, file and label of each image of one of the seven classes; and how many others there are by class.

    Raises:
        FerError: no folder for the split, or class folders that cannot be named.
    """
    files, name_of = _split_files(path, split)
    classes = ClassMap()
    labels = [classes.index(name_of(file)) for file in files]
    kept = [(row, files[row], label) for row, label in enumerate(labels) if label is not None]
    return kept, classes.report()


def _split_files(path: Path, split: str) -> tuple[list[Path], Callable[[Path], str]]:
    """A split's image files, sorted, and what names a file's class."""
    folders = {split_of(folder.name): folder for folder in sorted(path.iterdir()) if folder.is_dir()}
    merged = split == "validation" and split not in folders
    folder = folders.get("test" if merged else split)
    if folder and (folder / "annotations").is_dir():
        return sorted(_images(folder, "images/**/*")), _annotated
    files = sorted(_images(folder, "*/*")) if folder else []
    prefix = _PREFIX.get(split, "")
    if prefix and (merged or any(file.name.startswith(prefix) for file in files)):
        files = [file for file in files if file.name.startswith(prefix)]
    if not folder or (merged and not files):
        raise FerError(f"--data {path}: there is no folder for the {split} split (expected one named {split}).")
    names = class_names(path, {file.parent.name for part in folders.values() for file in _images(part, "*/*")})
    return files, lambda file: names[file.parent.name]


def _images(folder: Path, pattern: str) -> list[Path]:
    return [file for file in folder.glob(pattern) if file.suffix.lower() in _SUFFIXES]


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
