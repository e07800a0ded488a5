import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_explain.errors import FerError
from fer_explain.faces.rows import read_rows


def png(gray: int) -> dict[str, bytes]:
    buffer = io.BytesIO()
    Image.fromarray(np.full((6, 6), gray, np.uint8)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue()}


def write(folder: Path, **columns: object) -> Path:
    table = pd.DataFrame({"image": [png(10), png(20), png(30)], "row": [7, 5, 9]} | columns)
    table.iloc[:2].to_parquet(folder / "test-00000-of-00002.parquet")
    table.iloc[2:].to_parquet(folder / "test-00001-of-00002.parquet")
    return folder


def test_faces_are_found_by_their_row_over_all_shards(tmp_path: Path) -> None:
    faces = read_rows(write(tmp_path), "test")
    assert len(faces) == 3
    assert [int(faces.image(row)[0, 0, 0]) for row in (5, 7, 9)] == [20, 10, 30]
    assert faces.image(5).shape == (6, 6, 3)
    assert 8 not in faces
    with pytest.raises(FerError, match="no row 8"):
        faces.image(8)


def test_votes_most_first_and_none_where_they_are_unsure(tmp_path: Path) -> None:
    votes = [[1, 0, 0, 7, 0, 0, 0, 0, 2, 0], [10, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 5, 0, 5, 0, 0, 0, 0, 0, 0]]
    faces = read_rows(write(tmp_path, ferplus_votes=votes, ferplus_aligned=[0, 1, 0]), "test")
    assert list(faces.votes(7).items()) == [("sad", 7), ("unknown", 2), ("neutral", 1)]
    assert faces.votes(5) == {}
    assert faces.disputed({7: "happy", 5: "happy", 9: "sad"}).tolist() == [7], "half of the voters is enough"


def test_without_votes_none_are_known(tmp_path: Path) -> None:
    faces = read_rows(write(tmp_path), "test")
    assert not faces.voted
    assert faces.votes(7) == {}


def test_read_again_when_a_file_changes(tmp_path: Path) -> None:
    before = read_rows(write(tmp_path), "test")
    assert read_rows(tmp_path, "test") is before
    assert read_rows(write(tmp_path, row=[1, 2, 3]), "test") is not before


def test_what_is_no_data_set_is_said(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="no test split"):
        read_rows(tmp_path, "test")
    with pytest.raises(FerError, match="There is no data set 'not a thing'"):
        read_rows("not a thing", "test")
    pd.DataFrame({"row": [1]}).to_parquet(tmp_path / "test-0.parquet")
    with pytest.raises(FerError, match="no column 'image'"):
        read_rows(tmp_path, "test")
    (tmp_path / "test-0.parquet").write_bytes(b"nothing")
    with pytest.raises(FerError, match="not readable parquet"):
        read_rows(tmp_path, "test")
