"""One fold of a cross-validation: what of the training split to learn from, and what to choose the epoch by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fer_explain.errors import FerError
from training.data import FaceSet


def take_fold(train: FaceSet, file: Path, fold: int) -> tuple[FaceSet, FaceSet]:
    """The training split without a fold, and that fold as validation.

    Args:
        train: the whole training split.
        file: a CSV with the columns ``row`` (row id) and ``fold`` (0, 1, ...); images it does not list are left out.
        fold: the one to validate on.

    Raises:
        FerError: the file cannot be read, names an unknown or repeated row, or has no such fold.
    """
    try:
        table = pd.read_csv(file)[["row", "fold"]].astype("int64")
    except (OSError, ValueError, KeyError) as error:
        raise FerError(f"--folds {file}: expected a readable CSV with the columns row and fold.") from error
    unknown = np.setdiff1d(table["row"], train.rows)
    if len(unknown) or table["row"].duplicated().any() or len(np.unique(train.rows)) < len(train):
        raise FerError(f"--folds {file}: its rows and those of the training split do not match one to one.")
    if fold not in set(table["fold"]):
        raise FerError(f"--fold {fold}: {file} has the folds {', '.join(map(str, sorted(set(table['fold']))))}.")
    of_row = dict(zip(table["row"], table["fold"], strict=True))
    folds = np.array([of_row.get(row, -1) for row in train.rows])
    validation = train.take(np.flatnonzero(folds == fold))
    return train.take(np.flatnonzero((folds != fold) & (folds >= 0))), replace(validation, split="validation")
