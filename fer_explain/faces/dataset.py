"""Reads the faces of a data set in the layout a Hub data set has: a folder of parquet shards named by split.

Only what an explanation needs to be measured over many faces; training reads more layouts, see ``training.data``.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_explain.emotions import LABELS, key_of
from fer_explain.errors import FerError
from fer_explain.types import Pixels

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """Faces of one split.

    Attributes:
        source: name of the data set's folder.
        split: ``train`` | ``validation`` | ``test``.
        images: uint8 (N, H, W) when all are gray, else (N, H, W, 3) RGB; what ``faces.preprocess.to_batch`` takes.
        labels: (N,) places in the classes that were asked for.
        rows: (N,) stable row ids: the column ``row`` where there is one, else the place in the split.
    """

    source: str
    split: str
    images: Pixels
    labels: Integers
    rows: Integers

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 over pixels and labels, as a training run notes it too."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).tobytes())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()[:16]


def read_faces(
    path: str | Path, split: str, limit: int | None = None, label_names: Sequence[str] = LABELS
) -> LabelledFaces:
    """Reads the shards ``SPLIT-*.parquet`` of a folder, or of its subfolder ``data``.

    Args:
        path: the folder.
        split: ``train`` | ``validation`` | ``test``.
        limit: at most this many faces, drawn evenly over the split in its order; None means all.
        label_names: the classes, such as a checkpoint's.

    Raises:
        FerError: there is no such folder or split, a column is missing, or an image cannot be read.
    """
    import pandas as pd

    files = shards(Path(path), split)
    try:
        tables = [pd.read_parquet(shard) for shard in files]
        names = _label_names(files[0])
    except (OSError, ValueError) as error:
        raise FerError(f"{files[0].parent}: the {split} split is not readable parquet ({error}).") from error
    table = pd.concat(tables, ignore_index=True)
    missing = {"image", "label"} - set(table.columns)
    if missing:
        raise FerError(f"{files[0].parent}: the {split} split has no column '{min(missing)}'.")
    if limit is not None and limit < len(table):
        table = table.iloc[np.linspace(0, len(table) - 1, limit).round().astype(int)]
    rows = table["row"].to_numpy(np.int64) if "row" in table else table.index.to_numpy(np.int64)
    labels = np.array([_index(label, names, split, label_names) for label in table["label"]], np.int64)
    images = [decoded(entry, f"{split} row {row}") for entry, row in zip(table["image"], rows, strict=True)]
    return LabelledFaces(Path(path).resolve().name, split, _stacked(images), labels, rows)


def shards(folder: Path, split: str) -> list[Path]:
    """The shards ``SPLIT-*.parquet`` of a folder, or of its subfolder ``data``, in order.

    Raises:
        FerError: there is none.
    """
    found = sorted(folder.glob(f"{split}-*.parquet")) or sorted((folder / "data").glob(f"{split}-*.parquet"))
    if not found:
        raise FerError(f"'{folder}' holds no {split} split: give a folder with {split}-*.parquet in it.")
    return found


def _label_names(shard: Path) -> list[str] | None:
    """The class names that a Hub data set keeps in its parquet's metadata; None where there are none."""
    import pyarrow.parquet as pq

    metadata: dict[bytes, bytes] = pq.read_schema(shard).metadata or {}
    features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    names: list[str] | None = features.get("label", {}).get("names")
    return names


def _index(label: Any, names: list[str] | None, split: str, classes: Sequence[str]) -> int:
    """The class of a label, mapped by name: data sets order their classes differently."""
    if not isinstance(label, str) and names is None:
        raise FerError(f"The labels of the {split} split have no class names; labels are mapped by name only.")
    known = isinstance(label, str) or 0 <= label < len(names or ())
    name = label if isinstance(label, str) else (names or [])[label] if known else str(label)
    keys = [key_of(each) for each in classes]
    if key_of(name) not in keys:
        raise FerError(f"The {split} split has a label '{name}', which is none of {', '.join(classes)}.")
    return keys.index(key_of(name))


def decoded(entry: Any, where: str) -> Pixels:
    """The pixels, gray (H, W) or RGB (H, W, 3), of a table's entry: the bytes of an image file, or a dict of them.

    Raises:
        FerError: it is no image; ``where`` says which one.
    """
    try:
        data = entry["bytes"] if isinstance(entry, dict) else entry
        image = Image.open(io.BytesIO(data))
        return np.asarray(image.convert("L" if image.mode in ("L", "1", "I;16") else "RGB"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FerError(f"{where}: not a readable image.") from error


def _stacked(images: list[Pixels]) -> Pixels:
    """Images as one array: gray when all are, in the size of the first one."""
    if not images:
        raise FerError("The split is empty.")
    gray = all(image.ndim == 2 or (image == image[..., :1]).all() for image in images)
    if gray:
        images = [image if image.ndim == 2 else image[..., 0] for image in images]
    else:
        images = [image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2) for image in images]
    height, width = images[0].shape[:2]
    return np.stack([_resized(image, width, height) for image in images])


def _resized(image: Pixels, width: int, height: int) -> Pixels:
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
