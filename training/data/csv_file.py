"""A CSV: Kaggle's ``emotion,pixels,Usage`` (also ``icml_face_data.csv`` with its spaced headers), or a list of image
files with the columns ``image,label`` and, if it has several splits, ``split``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.types import Pixels
from training.data.faces import SPLITS, split_of
from training.data.source import Item, lazily

SIDE: Final = 48
_PIXELS: Final = ("pixels", "emotion", "Usage")
_IMAGE: Final = ("image", "path", "file", "filename", "file_name", "image_path")
_LABEL: Final = ("label", "emotion", "expression", "class")
_SPLIT: Final = ("split", "Usage", "usage", "subset")


class CsvFile:
    """A :class:`training.data.source.Source`; the row id is the index in the file, from 0.

    Beside pixels, the emotion is FER2013's number 0..6. In a list of files (relative to the CSV) the label is a name;
    without a column of splits all of them are for training.

    Args:
        path: the file.
        image_column: name of the column with the files; "" = a usual one.
        label_column: name of the column with the classes; "" = a usual one.
    """

    def __init__(self, path: Path, image_column: str = "", label_column: str = "") -> None:
        self.path, self._image, self._label = path, image_column, label_column

    def splits(self) -> set[str]:
        """Those that have rows."""
        return set(self._splits)

    def names(self) -> set[str]:
        """Its class names."""
        return set(LABELS) if self._has_pixels else set(self._table[self._columns[1]])

    def items(self, split: str) -> Iterator[Item]:
        """The rows of a split.

        Raises:
            FerError: a row with a bad emotion.
        """
        image, label, _ = self._columns
        for row, of, picture, name in zip(
            self._table.index, self._splits, self._table[image], self._table[label], strict=True
        ):
            if of != split:
                continue
            where = f"{self.path}, row {row}"
            if self._has_pixels:
                yield Item(int(row), _emotion(name, where), lazily(_pixels, picture, where), where)
            else:
                yield Item(int(row), name, self.path.parent / picture, where)

    @cached_property
    def _table(self) -> pd.DataFrame:
        try:
            table = pd.read_csv(self.path, skipinitialspace=True, dtype=str, keep_default_na=False)
        except (OSError, ValueError, pd.errors.ParserError) as error:
            raise FerError(f"--data {self.path}: not a readable CSV file ({error}).") from error
        table.columns = table.columns.str.strip()
        return table

    @cached_property
    def _has_pixels(self) -> bool:
        return "pixels" in self._table.columns and self._image in ("", "pixels")

    @cached_property
    def _columns(self) -> tuple[str, str, str]:
        """Names of the columns of images, classes and splits; the last may be ""."""
        known = self._table.columns
        if self._has_pixels:
            columns, own = list(_PIXELS), {"emotion": self._label}
            columns = [own.get(name) or name for name in columns]
        else:
            columns = [
                self._image or next((name for name in _IMAGE if name in known), _IMAGE[0]),
                self._label or next((name for name in _LABEL if name in known), _LABEL[0]),
                next((name for name in _SPLIT if name in known), ""),
            ]
        missing = [name for name in columns if name and name not in known]
        if missing:
            raise FerError(
                f"--data {self.path}: expected the columns emotion, pixels, Usage, or image, label, split; "
                f"'{missing[0]}' is missing; --image-column and --label-column name others, of {', '.join(known)}."
            )
        return columns[0], columns[1], columns[2]

    @cached_property
    def _splits(self) -> list[str]:
        """Which split each row belongs to; a row of no split is an error, not a row less."""
        name = self._columns[2]
        if not name:
            return ["train"] * len(self._table)
        splits = self._table[name].map(split_of)
        if splits.isna().any():
            row = int(splits.isna().to_numpy().argmax())
            accepted = ", ".join(("Training", "PublicTest", "PrivateTest", *SPLITS))
            said = self._table[name].iloc[row]
            raise FerError(f"{self.path}, row {row}: {name} must be one of {accepted}, got '{said}'.")
        return list(splits)


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


def _emotion(text: str, where: str) -> str:
    if text.strip() not in {str(index) for index in range(len(LABELS))}:
        raise FerError(f"{where}: emotion must be 0..{len(LABELS) - 1}, got {text!r}.")
    return LABELS[int(text)]
