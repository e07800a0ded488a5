"""Whether the labels can be trusted: what duplicates, and what FER+'s ten voters, say against them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_explain.emotions import LABELS, canonical
from training.audit.duplicates import duplicate_groups
from training.data.faces import FaceSet
from training.data.votes import VOTES

TIE = "tie"
NO_FACE = VOTES[-1]


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What the labels of duplicates say about all labels.

    Attributes:
        groups: sets of two or more duplicates.
        members: faces in them.
        conflicting: groups whose faces do not all have one label.
        wrong: labels that must be wrong if one photo shows one emotion: those outside their group's largest class.
        table: pairs of duplicates by their two labels, (7, 7), the upper triangle.
    """

    groups: int
    members: int
    conflicting: int
    wrong: int
    table: pd.DataFrame


def conflicts(faces: FaceSet, pairs: pd.DataFrame) -> Conflicts:
    """Looks for different labels on duplicates; ``pairs`` are those of :func:`near_duplicates` within ``faces``."""
    groups = pd.Series(duplicate_groups(pairs, len(faces)))
    counts = pd.crosstab(groups, faces.labels).to_numpy()  # (groups, classes that occur)
    counts = counts[counts.sum(1) > 1]
    largest = counts.max(1, initial=0)
    table = np.zeros((len(LABELS), len(LABELS)), np.int64)
    labels = np.sort(faces.labels[pairs[["a", "b"]].to_numpy()], axis=1)
    np.add.at(table, (labels[:, 0], labels[:, 1]), 1)
    return Conflicts(
        groups=len(counts),
        members=int(counts.sum()),
        conflicting=int((largest < counts.sum(1)).sum()),
        wrong=int((counts.sum(1) - largest).sum()),
        table=pd.DataFrame(table, index=list(LABELS), columns=list(LABELS)),
    )


def class_balance(faces: FaceSet, part_of: pd.Series[str]) -> pd.DataFrame:
    """Faces by class (rows, the seven emotions) and part (columns: the values of ``part_of`` (N,), as they come)."""
    names = pd.Series(np.array(LABELS)[faces.labels])
    table = pd.crosstab(names, part_of.to_numpy())
    table = table.reindex(index=list(LABELS), columns=part_of.unique().tolist(), fill_value=0)
    return table.rename_axis(index=None, columns=None)


def voted(faces: FaceSet) -> pd.Series[str]:
    """What most of FER+'s voters chose for each face that has certain votes, indexed by its place in the set.

    The values are the seven emotions, the other answers of :data:`training.data.votes.VOTES`, and ``"tie"``.
    """
    votes = np.zeros((len(faces), len(VOTES)), np.int16) if faces.votes is None else faces.votes
    places = np.flatnonzero(votes.sum(1))
    votes = votes[places]
    names = np.array([canonical(name) or name for name in VOTES], dtype=object)[votes.argmax(1)]
    tied = (votes == votes.max(1, keepdims=True)).sum(1) > 1
    return pd.Series(np.where(tied, TIE, names), index=places, dtype=str)


def votes_by_label(faces: FaceSet) -> pd.DataFrame:
    """Faces by their label (rows) and by what most of FER+'s voters chose (columns)."""
    choice = voted(faces)
    columns = [*LABELS, *(name for name in VOTES if canonical(name) is None), TIE]
    table = pd.crosstab(np.array(LABELS)[faces.labels[choice.index]], choice.to_numpy())
    return table.reindex(index=list(LABELS), columns=columns, fill_value=0).rename_axis(index=None, columns=None)
