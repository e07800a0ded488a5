"""A Hub data set by id, a folder laid out like one (``train-*.parquet``, ...), or one parquet file with a column
``split``; all read with ``datasets``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from datasets import ClassLabel, Value, get_dataset_split_names, load_dataset
from datasets import Image as ImageFeature

from fer_explain.errors import FerError
from training.data.faces import split_of
from training.data.source import Item
from training.data.votes import COLUMN, votes_of

_COLUMNS: Final = {
    "image": ("image", "img", "pixels"),
    "label": ("label", "labels", "emotion"),
    "split": ("split", "Usage"),
}


class HubDataset:
    """A :class:`training.data.source.Source`; the row id is the column ``row`` if there is one, else the place.

    Args:
        source: a Hub id, or a folder of parquet shards.
        image_column: name of the column with the images; "" = a usual one.
        label_column: name of the column with the classes; "" = a usual one.
    """

    def __init__(self, source: str, image_column: str = "", label_column: str = "") -> None:
        self.source = source
        self._given = {"image": image_column, "label": label_column}

    def splits(self) -> set[str]:
        """Those that it has.

        Raises:
            FerError: it cannot be had.
        """
        return set(self._named())

    def names(self) -> set[str]:
        """Its class names: those it declares, else those its rows say.

        Raises:
            FerError: it cannot be had, or its classes have no names.
        """
        found: set[str] = set()
        for split in self._named() or {"train": "train"}:
            rows = self._rows(split)
            label = self._column(rows.features or {}, "label")
            feature = (rows.features or {})[label]
            if isinstance(feature, ClassLabel):
                return {str(name) for name in feature.names}
            name_of = _namer(self.source, feature, label)
            found |= {name_of(row[label], self.source) for row in rows.select_columns([label])}
        return found

    def items(self, split: str) -> Iterator[Item]:
        """The images of a split.

        Raises:
            FerError: the split cannot be had, lacks an image or a named label column, or has a bad label.
        """
        rows = self._rows(split)
        features = rows.features or {}
        image, label = self._column(features, "image"), self._column(features, "label")
        name_of = _namer(self.source, features[label], label)
        voted = COLUMN in features
        for place, row in enumerate(rows.cast_column(image, ImageFeature(decode=False))):
            where = f"{self.source}, {split} row {place}"
            if not self._belongs(row, split, features):
                continue
            entry = row[image] or {}
            yield Item(
                int(row.get("row", place)),
                name_of(row[label], where),
                entry.get("bytes") or entry.get("path") or b"",
                where,
                votes_of(row) if voted else None,
            )

    def _rows(self, split: str) -> Any:
        try:
            return _opened(self.source, split, self.source, part=split)
        except FerError:
            other = self._named(quiet=True).get(split, split)
            if other == split:
                raise
            return _opened(self.source, split, self.source, part=other)

    def _named(self, *, quiet: bool = False) -> dict[str, str]:
        """What the data set calls each of our splits."""
        try:
            return {split: name for name in get_dataset_split_names(self.source) if (split := split_of(name))}
        except Exception as error:  # the library raises dozens of types for "not there" and "no network"
            if quiet:
                return {}
            raise _refused(self.source, "train", error) from error

    def _belongs(self, row: dict[str, Any], split: str, features: Any) -> bool:
        return True

    def _column(self, features: Any, kind: str) -> str:
        given = self._given.get(kind, "")
        for name in (given,) if given else _COLUMNS[kind]:
            if name in features:
                return name
        wanted = given or " or ".join(_COLUMNS[kind])
        hint = f"; it has {', '.join(features)}, and --{kind}-column names one" if kind != "split" else ""
        raise FerError(f"--data {self.source}: there is no {kind} column ({wanted}){hint}.")


class ParquetFile(HubDataset):
    """One parquet file whose column ``split`` (or ``Usage``) says which split a row belongs to."""

    def splits(self) -> set[str]:
        """Those that have rows.

        Raises:
            FerError: it cannot be read, or has no column of splits.
        """
        rows = self._rows("train")
        column = self._column(rows.features or {}, "split")
        return {split for row in rows.select_columns([column]) if (split := split_of(str(row[column])))}

    def _rows(self, split: str) -> Any:
        rows = _opened(self.source, split, "parquet", part="train", data_files=self.source)
        self._column(rows.features or {}, "split")
        return rows

    def _named(self, *, quiet: bool = False) -> dict[str, str]:
        return {"train": "train"}  # one pass over the file has seen all classes

    def _belongs(self, row: dict[str, Any], split: str, features: Any) -> bool:
        return split_of(str(row[self._column(features, "split")])) == split


def _opened(source: str, split: str, path: str, *, part: str, **options: str) -> Any:
    try:
        # Streaming reads the shards where they are, instead of copying them into a cache first.
        return load_dataset(path, split=part, streaming=True, **options)
    except Exception as error:  # the library raises dozens of types for "not there", "no network", "no such split"
        raise _refused(source, split, error) from error


def _refused(source: str, split: str, error: Exception) -> FerError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return FerError(f"--data {source}: the {split} split could not be opened ({reason}).")


def _namer(source: str, feature: Any, column: str) -> Callable[[Any, str], str]:
    """What gives the class name of a label, and refuses a label without one."""
    names = feature.names if isinstance(feature, ClassLabel) else None
    if names is None and not (isinstance(feature, Value) and feature.dtype in ("string", "large_string")):
        raise FerError(f"--data {source}: the column '{column}' has no class names; labels are mapped by name only.")

    def name_of(label: Any, where: str) -> str:
        if names is None and label:
            return str(label)
        if names is None or label is None or not 0 <= label < len(names):
            known = f"one of the data set's {len(names)} classes" if names else "a class name"
            raise FerError(f"{where}: the label {label} is not {known}.")
        return str(names[label])

    return name_of
