"""A CSV: Kaggle's ``emotion,pixels,Usage`` (also ``icml_face_data.csv`` with its spaced headers), or a list of image
files with the columns ``image,label,split``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.types import Pixels
from training.data.class_names import ClassMap
from training.data.faces import SPLITS, FaceSet, ImageForm, decode, split_of, stack

SIDE: Final = 48
_PIXELS: Final = ("pixels", "emotion", "Usage")
_FILES: Final = ("image", "label", "split")


def read_csv(path: Path, split: str, form: ImageForm) -> FaceSet:
    """Reads the rows that belong to ``split``; the row id is the index in the file, from 0.

    Beside pixels, the emotion is FER2013's number 0..6. In a list of files (relative to the CSV) the label is a name.

    Raises:
        FerError: no such file, other columns, or a row with a bad emotion, split, pixels or image.
    """
    try:
        table = pd.read_csv(path, skipinitialspace=True, dtype=str, keep_default_na=False)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise FerError(f"--data {path}: not a readable CSV file ({error}).") from error
    table.columns = table.columns.str.strip()
    columns = _FILES if "image" in table.columns else _PIXELS
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise FerError(
            f"--data {path}: expected the columns emotion, pixels, Usage, or image, label, split; "
            f"'{missing[0]}' is missing."
        )
    table = table[_in_split(table[columns[2]], split, path)]
    return (_read_files if columns is _FILES else _read_pixels)(table, path, split, form)


def _in_split(column: pd.Series[str], split: str, path: Path) -> pd.Series[bool]:
    """Which rows belong to ``split``; a row of no split is an error, not a row less."""
    splits = column.map(split_of)
    if splits.isna().any():
        row = int(splits.isna().to_numpy().argmax())
        accepted = ", ".join(("Training", "PublicTest", "PrivateTest", *SPLITS))
        raise FerError(f"{path}, row {row}: {column.name} must be one of {accepted}, got '{column.iloc[row]}'.")
    return splits == split


def _read_pixels(table: pd.DataFrame, path: Path, split: str, form: ImageForm) -> FaceSet:
    rows = table.index.to_numpy(np.int64)
    images = [_pixels(text, f"{path}, row {row}") for row, text in zip(rows, table["pixels"], strict=True)]
    labels = [_label(text, f"{path}, row {row}") for row, text in zip(rows, table["emotion"], strict=True)]
    gray = np.stack(images) if images else np.zeros((0, SIDE, SIDE), np.uint8)
    pixels = gray if form.gray else np.repeat(gray[..., None], 3, axis=-1)
    return FaceSet(str(path), split, pixels, np.asarray(labels, np.int64), rows)


def _read_files(table: pd.DataFrame, path: Path, split: str, form: ImageForm) -> FaceSet:
    classes = ClassMap()
    labels = [classes.index(name) for name in table["label"]]
    known = np.array([label is not None for label in labels], np.bool_)
    table = table[known]
    images = [decode(path.parent / name, f"{path}, row {row}", form) for row, name in table["image"].items()]
    return FaceSet(
        str(path),
        split,
        stack(images, form),
        np.array([label for label in labels if label is not None], np.int64),
        table.index.to_numpy(np.int64),
        left_out=classes.report(),
    )


def _pixels(text: str, where: str) -> Pixels:
    try:
        values = np.array(text.split(), dtype=np.int64)
    except ValueError as error:
        raise FerError(f"{where}: pixels must be whole numbers.") from error
    if values.size != SIDE * SIDE:
        raise FerError(f"{where}: expected {SIDE * SIDE} pixels, got {values.size}.")
    if values.min() < 0 or values.max() > 255:
        raise FerError(f"{where}: pixels must lie in 0..255.")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _label(text: str, where: str) -> int:
    if text.strip() not in {str(index) for index in range(len(LABELS))}:
        raise FerError(f"{where}: emotion must be 0..{len(LABELS) - 1}, got {text!r}.")
    return int(text)
