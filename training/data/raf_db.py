"""RAF-DB's own layout (Li et al. 2017): a list of files with numbers, and the aligned faces beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fer_explain.errors import FerError
from training.data.class_names import RAF_DB, RAF_DB_COMPOUND, told
from training.data.faces import split_of

LIST: Final = "list_patition_label.txt"  # the data set's own spelling


def listed(path: Path, lists: Sequence[Path]) -> dict[str, list[tuple[Path, str]]]:
    """The files of each split with the names of their classes.

    Lines are ``train_00001.jpg 5``; images are ``../Image/aligned/train_00001_aligned.jpg``, else
    ``../Image/original/train_00001.jpg``.

    Raises:
        FerError: there are several lists, a line is none, or a number has no meaning.
    """
    if len(lists) > 1:
        raise FerError(
            f"--data {path}: it holds {len(lists)} lists named {LIST}; give the folder of one of them, such as "
            f"{lists[0].parents[1]}."
        )
    [file] = lists
    entries = [_entry(file, number, line) for number, line in enumerate(_lines(file), 1) if line.strip()]
    numbers = sorted({label for _, _, label in entries})
    compound = max(numbers, default=0) > len(RAF_DB) or "compound" in str(file.parent).lower()
    names = RAF_DB_COMPOUND if compound else RAF_DB
    if not numbers or numbers[0] < 1 or numbers[-1] > len(names):
        raise FerError(f"{file}: expected classes 1..{len(names)}, got {', '.join(map(str, numbers)) or 'none'}.")
    read = told(path, "RAF-DB", {str(number): names[number - 1] for number in numbers})
    folder = file.parents[1] / "Image"
    files: dict[str, list[tuple[Path, str]]] = {}
    for split, name, label in sorted(entries):
        files.setdefault(split, []).append((_image(folder, name), read[str(label)]))
    return files


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise FerError(f"{file} cannot be read ({error}).") from error


def _entry(file: Path, number: int, line: str) -> tuple[str, str, int]:
    name, _, label = line.strip().partition(" ")
    split = split_of(name.partition("_")[0])
    if split is None or not label.strip().isdecimal():
        raise FerError(f'{file}, line {number}: expected "train_00001.jpg 5", got {line.strip()!r}.')
    return split, name, int(label)


def _image(folder: Path, name: str) -> Path:
    aligned = folder / "aligned" / f"{Path(name).stem}_aligned.jpg"
    return aligned if aligned.exists() or not (folder / "original" / name).exists() else folder / "original" / name
