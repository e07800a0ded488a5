from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_explain.errors import FerError
from training.data import FaceSet
from training.folds import take_fold

FACES = FaceSet("f", "train", np.zeros((6, 8, 8), np.uint8), np.arange(6), np.array([10, 11, 12, 13, 14, 15]))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "folds.csv"
    path.write_text(text)
    return path


def test_a_fold_is_held_out_and_unlisted_rows_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "row,fold\n15,0\n11,1\n12,1\n10,0\n13,2\n")
    train, validation = take_fold(FACES, path, 1)
    assert train.rows.tolist() == [10, 13, 15]
    assert (validation.rows.tolist(), validation.split) == ([11, 12], "validation")


@pytest.mark.parametrize(
    ("text", "fold", "sentence"),
    [
        ("row,fold\n10,0\n11,1\n", 7, "--fold 7: .* has the folds 0, 1"),
        ("row,fold\n10,0\n10,1\n", 0, "do not match one to one"),
        ("row,fold\n99,0\n", 0, "do not match one to one"),
        ("a,b\n1,2\n", 0, "columns row and fold"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, text: str, fold: int, sentence: str) -> None:
    with pytest.raises(FerError, match=sentence):
        take_fold(FACES, written(tmp_path, text), fold)
