"""A Hub data set by id, or a folder laid out like one (``train-*.parquet``, ...), read with ``datasets``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from datasets import ClassLabel, load_dataset
from datasets import Image as ImageFeature

from fer_explain.emotions import LABELS, canonical
from fer_explain.errors import FerError
from training.data.faces import FaceSet, ImageForm, decode, stack

_COLUMNS: Final = {"image": ("image", "img", "pixels"), "label": ("label", "labels", "emotion")}


def read_dataset(source: str, split: str, form: ImageForm) -> FaceSet:
    """Reads a split; the row id is the column ``row`` where there is one, otherwise the place in the split.

    Raises:
        FerError: the data set or split cannot be had, lacks an image or a named label column, or has a bad row.
    """
    try:
        # Streaming reads the shards where they are, instead of copying them into a cache first.
        rows = load_dataset(source, split=split, streaming=True)
        features = rows.features or {}
    except Exception as error:  # the library raises dozens of types for "not there", "no network", "no such split"
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FerError(f"--data {source}: the {split} split could not be opened ({reason}).") from error
    image, label = (_column(source, features, kind) for kind in ("image", "label"))
    if not isinstance(features[label], ClassLabel):
        raise FerError(f"--data {source}: the column '{label}' has no class names; labels are mapped by name only.")
    classes = [_class_index(source, name) for name in features[label].names]
    rows = rows.cast_column(image, ImageFeature(decode=False))
    return _collect(rows, source, split, form, image, label, classes)


def _collect(
    rows: Iterable[dict[str, Any]], source: str, split: str, form: ImageForm, image: str, label: str, classes: list[int]
) -> FaceSet:
    images, labels, ids = [], [], []
    for place, row in enumerate(rows):
        where = f"{source}, {split} row {place}"
        entry = row[image] or {}
        if row[label] is None or not 0 <= row[label] < len(classes):
            raise FerError(f"{where}: the label {row[label]} is not one of the data set's {len(classes)} classes.")
        images.append(decode(entry.get("bytes") or entry.get("path") or b"", where, form))
        labels.append(classes[row[label]])
        ids.append(int(row.get("row", place)))
    return FaceSet(source, split, stack(images, form), np.asarray(labels, np.int64), np.asarray(ids, np.int64))


def _column(source: str, features: Any, kind: str) -> str:
    for name in _COLUMNS[kind]:
        if name in features:
            return name
    raise FerError(f"--data {source}: there is no {kind} column ({' or '.join(_COLUMNS[kind])}).")


def _class_index(source: str, name: str) -> int:
    label = canonical(name)
    if label is None:
        raise FerError(f"--data {source}: the class '{name}' is not one of {', '.join(LABELS)}.")
    return LABELS.index(label)
