from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_explain.errors import FerError
from training.data import FaceSet
from training.folds import make_folds, take_fold

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


def with_copies(n: int, side: int = 48) -> FaceSet:
    """``n`` faces of noise in three classes, each followed by its mirrored copy."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (n, side, side), dtype=np.uint8)
    both = np.stack([images, images[:, :, ::-1]], axis=1).reshape(-1, side, side)
    return FaceSet("f", "train", both, np.repeat(np.arange(n) % 3, 2), np.arange(2 * n) * 10)


def test_folds_keep_duplicates_together_and_the_mix_of_classes() -> None:
    faces = with_copies(30)
    table = make_folds(faces, 5)
    assert table["row"].tolist() == faces.rows.tolist()
    folds = table["fold"].to_numpy()
    assert (folds[0::2] == folds[1::2]).all()
    counts = np.array([np.bincount(faces.labels[folds == fold], minlength=3) for fold in range(5)])
    assert counts.tolist() == [[4, 4, 4]] * 5
    assert make_folds(faces, 5).equals(table)
    assert not make_folds(faces, 5, seed=1).equals(table)


def test_a_class_of_copies_only_cannot_be_in_every_fold() -> None:
    with pytest.raises(FerError, match=r"--folds 5: .* too few different images of angry"):
        make_folds(with_copies(12), 5)
