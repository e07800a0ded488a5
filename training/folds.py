"""The folds of a cross-validation: how they are made, and what one of them leaves to learn from and to be judged on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fer_explain.errors import FerError
from training.data import FaceSet


def make_folds(train: FaceSet, folds: int, seed: int = 0) -> pd.DataFrame:
    """Splits the training split into folds of nearly the same mix of classes; duplicates are never split.

    Groups of exact and near duplicates (:func:`training.audit.duplicates.near_duplicates`) stay in one fold, by
    scikit-learn's ``StratifiedGroupKFold``.

    Args:
        train: the training split.
        folds: K, at least 2.
        seed: of the shuffling.

    Returns:
        One row per image, in the order of ``train``: ``row`` (row id) and ``fold`` (0..K-1).

    Raises:
        FerError: a class has too few images that are no duplicates of each other to be in every fold.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    from training.audit.duplicates import duplicate_groups, near_duplicates

    groups = duplicate_groups(near_duplicates(train), len(train))
    of = np.zeros(len(train), np.int64)
    few = [index for index in np.unique(train.labels) if len(np.unique(groups[train.labels == index])) < folds]
    if few:
        raise FerError(
            f"--folds {folds}: the training split has too few different images of {train.label_names[few[0]]}; "
            "choose fewer folds."
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for fold, (_, held_out) in enumerate(splitter.split(train.rows, train.labels, groups)):
        of[held_out] = fold
    return pd.DataFrame({"row": train.rows, "fold": of})


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
