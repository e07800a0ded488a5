"""Whether the labels can be trusted: what duplicates, and what FER+'s ten voters, say against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_explain.emotions import key_of
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
        table: pairs of duplicates by their two labels, (K, K), the upper triangle.
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
    names = list(faces.label_names)
    table = np.zeros((len(names), len(names)), np.int64)
    labels = np.sort(faces.labels[pairs[["a", "b"]].to_numpy()], axis=1)
    np.add.at(table, (labels[:, 0], labels[:, 1]), 1)
    return Conflicts(
        groups=len(counts),
        members=int(counts.sum()),
        conflicting=int((largest < counts.sum(1)).sum()),
        wrong=int((counts.sum(1) - largest).sum()),
        table=pd.DataFrame(table, index=names, columns=names),
    )


def class_balance(faces: FaceSet, part_of: pd.Series[str]) -> pd.DataFrame:
    """Faces by class (rows) and part (columns: the values of ``part_of`` (N,), as they come)."""
    names = pd.Series(np.array(faces.label_names)[faces.labels])
    table = pd.crosstab(names, part_of.to_numpy())
    table = table.reindex(index=list(faces.label_names), columns=part_of.unique().tolist(), fill_value=0)
    return table.rename_axis(index=None, columns=None)


def voted(faces: FaceSet) -> pd.Series[str]:
    """What most of FER+'s voters chose for each face that has certain votes, indexed by its place in the set.

    The values are the seven emotions, the other answers of :data:`training.data.votes.VOTES`, and ``"tie"``.
    """
    votes = np.zeros((len(faces), len(VOTES)), np.int16) if faces.votes is None else faces.votes
    places = np.flatnonzero(votes.sum(1))
    votes = votes[places]
    names = np.array([_own_name(name, faces.label_names) for name in VOTES], dtype=object)[votes.argmax(1)]
    tied = (votes == votes.max(1, keepdims=True)).sum(1) > 1
    return pd.Series(np.where(tied, TIE, names), index=places, dtype=str)


def votes_by_label(faces: FaceSet) -> pd.DataFrame:
    """Faces by their label (rows) and by what most of FER+'s voters chose (columns)."""
    choice = voted(faces)
    labels = list(faces.label_names)
    own = {key_of(label) for label in labels}
    columns = [*labels, *(name for name in VOTES if key_of(name) not in own), TIE]
    table = pd.crosstab(np.array(labels)[faces.labels[choice.index]], choice.to_numpy())
    return table.reindex(index=labels, columns=columns, fill_value=0).rename_axis(index=None, columns=None)


def _own_name(vote: str, labels: Sequence[str]) -> str:
    """What the data call the class of a vote; its own name where they do not have it."""
    return next((label for label in labels if key_of(label) == key_of(vote)), vote)
