"""Parquet shards as a Hub data set has them, read without the library that wrote them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fer_explain.errors import FerError
from fer_explain.faces.dataset import read_faces

NAMES = ["happy", "Anger", "sadness"]


def encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def write(
    path: Path, images: list[np.ndarray], labels: list[int], *, names: list[str] | None = NAMES, **columns
) -> None:
    entries = [{"bytes": encoded(image), "path": None} for image in images]
    table = pa.Table.from_pandas(pd.DataFrame({"image": entries, "label": labels, **columns}))
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
    if names:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path)


def gray(n: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (n, 12, 12), np.uint8))


def test_shards_are_joined_and_labels_mapped_by_name(tmp_path):
    images = gray(5)
    write(tmp_path / "validation-00000-of-00002.parquet", images[:3], [0, 1, 2], row=[7, 8, 9])
    write(tmp_path / "validation-00001-of-00002.parquet", images[3:], [2, 0], row=[10, 11])
    write(tmp_path / "test-00000-of-00001.parquet", gray(1), [0], row=[99])
    faces = read_faces(tmp_path, "validation")
    np.testing.assert_array_equal(faces.images, images)
    assert faces.labels.tolist() == [3, 0, 4, 4, 3]
    assert faces.rows.tolist() == [7, 8, 9, 10, 11]
    assert (faces.split, len(faces), len(faces.fingerprint)) == ("validation", 5, 16)


def test_a_limit_draws_evenly(tmp_path):
    write(tmp_path / "test-0.parquet", gray(100), [0] * 100)
    assert read_faces(tmp_path, "test", limit=3).rows.tolist() == [0, 50, 99]
    assert len(read_faces(tmp_path, "test", limit=1000)) == 100


def test_colour_is_kept_and_sizes_are_made_equal(tmp_path):
    colour = np.random.default_rng(1).integers(0, 256, (20, 20, 3), np.uint8)
    write(tmp_path / "test-0.parquet", [colour, gray(1)[0]], [0, 1])
    images = read_faces(tmp_path, "test").images
    assert images.shape == (2, 20, 20, 3)
    np.testing.assert_array_equal(images[0], colour)


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FerError, match="holds no train split"):
        read_faces(tmp_path, "train")
    (tmp_path / "train-0.parquet").write_bytes(b"no parquet")
    with pytest.raises(FerError, match="not readable parquet"):
        read_faces(tmp_path, "train")
    write(tmp_path / "train-0.parquet", gray(1), [0], names=None)
    with pytest.raises(FerError, match="mapped by name only"):
        read_faces(tmp_path, "train")
    write(tmp_path / "train-0.parquet", gray(1), [0], names=["contempt"])
    with pytest.raises(FerError, match="'contempt', which is none of angry"):
        read_faces(tmp_path, "train")
    pd.DataFrame({"image": [{"bytes": b"broken"}], "label": ["happy"]}).to_parquet(tmp_path / "train-0.parquet")
    with pytest.raises(FerError, match="train row 0: not a readable image"):
        read_faces(tmp_path, "train")
    pd.DataFrame({"label": ["happy"]}).to_parquet(tmp_path / "train-0.parquet")
    with pytest.raises(FerError, match="no column 'image'"):
        read_faces(tmp_path, "train")
