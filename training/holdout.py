"""A validation split for data without one: a fifth of the training images, duplicates kept together, written down."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from fer_explain.errors import FerError
from fer_explain.hub.config import CheckpointConfig, read_config
from fer_explain.hub.files import write_text
from training.data import FaceSet, ImageForm, Reading, load_mix, open_source
from training.data.classes import classes_of
from training.data.source import collect
from training.detected import FaceCrop
from training.folds import make_folds

FILE: Final = "split.csv"  # in the output folder; it names files, and is never published
CACHE: Final = "faces"  # beside the output folder; crops of photos, never published
PARTS: Final = 5
_PLAIN: Final = Reading(max_broken=0.01)


def hold_out(sources: Sequence[str], reading: Reading, seed: int) -> tuple[Reading, pd.DataFrame]:
    """Cuts a fifth off the training images of every source that has no validation split.

    The cut has nearly the mix of classes of the whole; exact and near duplicates lie on one side of it.

    Args:
        sources: what ``--data`` says.
        reading: the classes and how the data are read.
        seed: of the cut.

    Returns:
        How the data are read from now on, and a row per image that was cut: source, row, image, class and split.

    Raises:
        FerError: a data set cannot be read, or has too few different images of a class.
    """
    tables = [_cut(source, reading, seed) for source in sources if _is_wanted(source, reading)]
    if not any(map(len, tables)):
        return reading, pd.DataFrame()
    table = pd.concat(tables, ignore_index=True)
    return replace(reading, held_out=_held(table)), table


def write_cut(table: pd.DataFrame, output: Path) -> None:
    """Writes the cut into the output folder.

    Raises:
        FerError: it cannot be written.
    """
    write_text(output / FILE, table.to_csv(index=False))


def reading_of(folder: Path, config: CheckpointConfig, reading: Reading = _PLAIN, *, own: bool = True) -> Reading:
    """How a checkpoint's data are read: with its classes; its own also with the cut and the crops of its training.

    Args:
        folder: of the checkpoint.
        config: of the checkpoint.
        reading: columns and the share of images that may be broken.
        own: whether the data are those it was trained on.

    Raises:
        FerError: the file of the cut is there and cannot be read.
    """
    about = config.provenance.get("data", {}) if own else {}
    crop = FaceCrop(cache=folder.parent / CACHE) if about.get("detected") else None
    reading = replace(reading, classes=classes_of(config.label_names, about.get("renamed")), crop=crop)
    path = folder / FILE
    if not own or not path.exists():
        return reading
    try:
        return replace(reading, held_out=_held(pd.read_csv(path)))
    except (OSError, ValueError, KeyError) as error:
        raise FerError(f"{path} is not the record of a cut ({error}).") from error


def validation_of(folder: Path, sources: Sequence[str]) -> FaceSet:
    """The validation split of a finished checkpoint, read as it was in training.

    Raises:
        FerError: the checkpoint's configuration or the data cannot be read.
    """
    config = read_config(folder)
    form = ImageForm(config.input.gray, config.input.size)
    return load_mix(sources, "validation", form, reading=reading_of(folder, config))


def _is_wanted(source: str, reading: Reading) -> bool:
    has = open_source(source, reading).splits()
    return "train" in has and "validation" not in has


def _cut(source: str, reading: Reading, seed: int) -> pd.DataFrame:
    faces = collect(source, "train", open_source(source, reading).items("train"), ImageForm(), reading)
    if not len(faces):
        return pd.DataFrame()  # reading it for training says why
    table = _folds(faces, source, seed)
    where = {item.row: item.where for item in open_source(source, reading).items("train")}
    return pd.DataFrame(
        {
            "source": Path(source).name,
            "row": faces.rows,
            "image": [where[int(row)] for row in faces.rows],
            "class": np.array(faces.label_names)[faces.labels],
            "split": np.where(table["fold"] == 0, "validation", "train"),
        }
    )


def _folds(faces: FaceSet, source: str, seed: int) -> pd.DataFrame:
    """Five parts, of which the first is for validation; fewer where a class has fewer different images."""
    for parts in range(PARTS, 1, -1):
        with suppress(FerError):
            return make_folds(faces, parts, seed)
    raise FerError(
        f"--data {source}: there is no validation split, and to cut one off takes two different images of every class."
    )


def _held(table: pd.DataFrame) -> dict[str, frozenset[int]]:
    """By source, the rows of the validation part."""
    held = table[table["split"] == "validation"]
    return {str(name): frozenset(map(int, rows)) for name, rows in held.groupby("source")["row"]}
