"""The Kaggle CSV: ``emotion,pixels,Usage``; also ``icml_face_data.csv`` with its spaced headers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.types import Pixels
from training.data.faces import FaceSet, ImageForm

SIDE: Final = 48
USAGE: Final = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}


def read_csv(path: Path, split: str, form: ImageForm) -> FaceSet:
    """Reads the rows whose Usage belongs to ``split``; the row id is the index in the file, from 0.

    Raises:
        FerError: no such file, other columns, or a row with a bad emotion or pixels.
    """
    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise FerError(f"--data {path}: not a readable CSV file ({error}).") from error
    table.columns = table.columns.str.strip()
    missing = {"emotion", "pixels", "Usage"} - set(table.columns)
    if missing:
        raise FerError(
            f"--data {path}: expected the columns emotion, pixels, Usage; '{sorted(missing)[0]}' is missing."
        )
    table = table[table["Usage"].astype(str).str.strip() == USAGE[split]]
    rows = table.index.to_numpy()
    images = [_pixels(text, f"{path}, row {row}") for row, text in zip(rows, table["pixels"], strict=True)]
    labels = [_label(value, f"{path}, row {row}") for row, value in zip(rows, table["emotion"], strict=True)]
    gray = np.stack(images) if images else np.zeros((0, SIDE, SIDE), np.uint8)
    pixels = gray if form.gray else np.repeat(gray[..., None], 3, axis=-1)
    return FaceSet(str(path), split, pixels, np.asarray(labels, np.int64), rows.astype(np.int64))


def _pixels(text: object, where: str) -> Pixels:
    try:
        values = np.array(str(text).split(), dtype=np.int64)
    except ValueError as error:
        raise FerError(f"{where}: pixels must be whole numbers.") from error
    if values.size != SIDE * SIDE:
        raise FerError(f"{where}: expected {SIDE * SIDE} pixels, got {values.size}.")
    if values.min() < 0 or values.max() > 255:
        raise FerError(f"{where}: pixels must lie in 0..255.")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _label(value: object, where: str) -> int:
    text = str(value).strip()
    if text not in {str(index) for index in range(len(LABELS))}:
        raise FerError(f"{where}: emotion must be 0..{len(LABELS) - 1}, got {text!r}.")
    return int(text)
