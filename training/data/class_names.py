"""Class names of data sets that number their classes, and where else names may stand: ``classes.txt``."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

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
# RAF-DB's numbers 1..7 of single emotions (Li et al. 2017, section 3), and 1..11 of its compound ones.
RAF_DB: Final = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
RAF_DB_COMPOUND: Final = (
    "happily surprised",
    "happily disgusted",
    "sadly fearful",
    "sadly angry",
    "sadly surprised",
    "sadly disgusted",
    "fearfully angry",
    "fearfully surprised",
    "angrily surprised",
    "angrily disgusted",
    "disgustedly surprised",
)
_RAF_FILE: Final = re.compile(r"(train|test)_\d+(_aligned)?")
_LOG = logging.getLogger(__name__)


def class_names(
    path: Path, folders: Iterable[str], files: Iterable[Path] = (), chosen: Sequence[str] = ()
) -> dict[str, str]:
    """What each class folder of the data set at ``path`` is called: as ``classes.txt`` says, or as the folder itself.

    Folders that are all numbers are read in AffectNet's order where they are its 0..7, and in RAF-DB's where they are
    1..7 and all files have RAF-DB's names. A warning says so.

    Args:
        path: of the data set.
        folders: names of its class folders.
        files: in them.
        chosen: folders that ``--classes`` names itself.

    Raises:
        FerError: ``classes.txt`` cannot be read or misses a folder, or the numbers do not tell what they mean.
    """
    folders = sorted(folders)
    if (path / CLASSES).is_file():
        return _listed(path / CLASSES, folders)
    if not folders or not all(name.isdecimal() for name in folders) or set(folders) <= set(chosen):
        return {name: name for name in folders}
    numbers = sorted(map(int, folders))
    if numbers == list(range(len(numbers))) and len(numbers) in (8, len(AFFECTNET)):
        return told(path, "AffectNet", {name: AFFECTNET[int(name)] for name in folders})
    if numbers == list(range(1, 8)) and all(_RAF_FILE.fullmatch(file.stem) for file in files):
        return told(path, "RAF-DB", {name: RAF_DB[int(name) - 1] for name in folders})
    raise FerError(
        f"--data {path}: the class folders {', '.join(folders)} are not AffectNet's 0..7, and numbers have no meaning "
        f'of their own; name them, give --classes 0=happy,1=sad, or add a {CLASSES} with one "FOLDER NAME" per line.'
    )


def told(path: Path, whose: str, names: dict[str, str]) -> dict[str, str]:
    """The names, after a warning that says how the numbers were read."""
    order = ", ".join(f"{number} = {name}" for number, name in names.items())
    _LOG.warning("--data %s: numbered classes are read as %s's: %s.", path, whose, order)
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
