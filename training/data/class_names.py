"""Class names of other data sets: where they stand, and which of the seven emotions they mean, if any."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fer_explain.emotions import LABELS, canonical
from fer_explain.errors import FerError

CLASSES: Final = "classes.txt"
# AffectNet's numbers (Mollahosseini et al. 2019, section 3); the last four are none of the seven emotions.
AFFECTNET: Final = (
    "neutral",
    "happy",
    "sad",
    "surprise",
    "fear",
    "disgust",
    "anger",
    "contempt",
    "none",
    "uncertain",
    "no face",
)
_LOG = logging.getLogger(__name__)


class ClassMap:
    """Maps class names to indices of the seven emotions, and counts the images whose class is none of them."""

    def __init__(self) -> None:
        self._left_out: Counter[str] = Counter()

    def index(self, name: str) -> int | None:
        """The class index (0..6) of one image's class name, or None after counting the image as left out."""
        label = canonical(name)
        if label is None:
            self._left_out[name] += 1
            return None
        return LABELS.index(label)

    def report(self) -> dict[str, int]:
        """Images left out by class name, the most frequent first."""
        return dict(self._left_out.most_common())


def class_names(path: Path, folders: Iterable[str]) -> dict[str, str]:
    """What each class folder of the data set at ``path`` is called: as ``classes.txt`` says, or as the folder itself.

    Folders that are all numbers are read in AffectNet's order, with a warning that says so.

    Raises:
        FerError: ``classes.txt`` cannot be read or misses a folder, or the numbers are not AffectNet's.
    """
    folders = sorted(folders)
    if (path / CLASSES).is_file():
        return _listed(path / CLASSES, folders)
    if not folders or not all(name.isdecimal() for name in folders):
        return {name: name for name in folders}
    if "0" not in folders or max(map(int, folders)) >= len(AFFECTNET):
        raise FerError(
            f"--data {path}: the class folders {', '.join(folders)} are not AffectNet's 0..7; name them by emotion, "
            f'or add a {CLASSES} with one "FOLDER NAME" per line.'
        )
    names = {name: AFFECTNET[int(name)] for name in folders}
    order = ", ".join(f"{folder} = {name}" for folder, name in names.items())
    _LOG.warning("--data %s: numbered class folders are read as AffectNet's: %s.", path, order)
    return names


def _listed(file: Path, folders: list[str]) -> dict[str, str]:
    try:
        lines = [line.split(maxsplit=1) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        names = {folder: name.strip() for folder, name in lines}
    except (OSError, ValueError) as error:
        raise FerError(f'{file}: expected one "FOLDER NAME" per line ({error}).') from error
    missing = [folder for folder in folders if folder not in names]
    if missing:
        raise FerError(f"{file}: there is no line for the class folder '{missing[0]}'.")
    return names
