"""A folder of parquet shards (``train-*.parquet``, ...) read with pyarrow alone, for machines without ``datasets``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from fer_explain.errors import FerError
from fer_explain.faces.dataset import shards
from training.data.classes import ClassMap
from training.data.faces import FaceSet, ImageForm, decode, stack
from training.data.votes import COLUMN, as_votes, votes_of


def read_parquet_folder(folder: Path, split: str, form: ImageForm) -> FaceSet:
    """Reads a split, as :func:`training.data.load_split` does with ``datasets``.

    Raises:
        FerError: no such split, no class names beside the labels, or a bad row.
    """
    files = shards(folder, split)
    try:
        tables = [pq.read_table(file) for file in files]
    except (OSError, ValueError) as error:
        raise FerError(f"--data {folder}: the {split} split is not readable parquet ({error}).") from error
    names = _class_names(tables[0].schema.metadata or {}, folder)
    classes, images, labels, ids, votes = ClassMap(), [], [], [], []
    rows: list[dict[str, Any]] = [row for table in tables for row in table.to_pylist()]
    for place, row in enumerate(rows):
        where = f"{folder}, {split} row {place}"
        if not isinstance(row.get("label"), int) or not 0 <= row["label"] < len(names) or not row.get("image"):
            raise FerError(f"{where}: it has no image or no label of the {len(names)} classes.")
        index = classes.index(names[row["label"]])
        if index is not None:
            images.append(decode(row["image"]["bytes"], where, form))
            labels.append(index)
            ids.append(int(row.get("row", place)))
            votes.append(votes_of(row))
    return FaceSet(
        str(folder),
        split,
        stack(images, form),
        np.asarray(labels, np.int64),
        np.asarray(ids, np.int64),
        votes=as_votes(votes) if COLUMN in tables[0].column_names else None,
        left_out=classes.report(),
    )


def _class_names(metadata: dict[bytes, bytes], folder: Path) -> list[str]:
    features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    names: list[str] | None = features.get("label", {}).get("names")
    if not names:
        raise FerError(f"--data {folder}: the column 'label' has no class names; labels are mapped by name only.")
    return names
