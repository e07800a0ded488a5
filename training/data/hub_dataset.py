"""A Hub data set by id, a folder laid out like one (``train-*.parquet``, ...), or one parquet file with a column
``split``; all read with ``datasets``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from datasets import ClassLabel, Value, load_dataset
from datasets import Image as ImageFeature

from fer_explain.errors import FerError
from training.data.class_names import ClassMap
from training.data.faces import FaceSet, ImageForm, decode, split_of, stack
from training.data.votes import COLUMN, as_votes, votes_of

_COLUMNS: Final = {
    "image": ("image", "img", "pixels"),
    "label": ("label", "labels", "emotion"),
    "split": ("split", "Usage"),
}


def read_dataset(source: str, split: str, form: ImageForm) -> FaceSet:
    """Reads a split; the row id is the column ``row`` where there is one, otherwise the place in the split.

    Raises:
        FerError: the data set or split cannot be had, lacks an image or a named label column, or has a bad row.
    """
    return _collect(_opened(source, split, source, part=split), source, split, form)


def read_parquet_file(path: Path, split: str, form: ImageForm) -> FaceSet:
    """Reads the rows of one file whose column ``split`` (or ``Usage``) says so; the row id is as above.

    Raises:
        FerError: no such file or column, or what :func:`read_dataset` refuses.
    """
    rows = _opened(str(path), split, "parquet", part="train", data_files=str(path))
    column = _column(str(path), rows.features or {}, "split")
    return _collect(rows, str(path), split, form, lambda row: split_of(str(row[column])) == split)


def _opened(source: str, split: str, path: str, *, part: str, **options: str) -> Any:
    try:
        # Streaming reads the shards where they are, instead of copying them into a cache first.
        return load_dataset(path, split=part, streaming=True, **options)
    except Exception as error:  # the library raises dozens of types for "not there", "no network", "no such split"
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FerError(f"--data {source}: the {split} split could not be opened ({reason}).") from error


def _collect(
    rows: Any, source: str, split: str, form: ImageForm, wanted: Callable[[dict[str, Any]], bool] = lambda _: True
) -> FaceSet:
    features = rows.features or {}
    image, label = (_column(source, features, kind) for kind in ("image", "label"))
    name_of = _namer(source, features[label], label)
    classes = ClassMap()
    images, labels, ids, votes = [], [], [], []
    stored: Iterable[dict[str, Any]] = rows.cast_column(image, ImageFeature(decode=False))
    for place, row in enumerate(stored):
        where = f"{source}, {split} row {place}"
        index = classes.index(name_of(row[label], where)) if wanted(row) else None
        if index is None:
            continue
        entry = row[image] or {}
        images.append(decode(entry.get("bytes") or entry.get("path") or b"", where, form))
        labels.append(index)
        ids.append(int(row.get("row", place)))
        votes.append(votes_of(row))
    return FaceSet(
        source,
        split,
        stack(images, form),
        np.asarray(labels, np.int64),
        np.asarray(ids, np.int64),
        votes=as_votes(votes) if COLUMN in features else None,
        left_out=classes.report(),
    )


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


def _column(source: str, features: Any, kind: str) -> str:
    for name in _COLUMNS[kind]:
        if name in features:
            return name
    raise FerError(f"--data {source}: there is no {kind} column ({' or '.join(_COLUMNS[kind])}).")
