"""The audit itself: everything that is found out about a data set, as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.audit.duplicates import THRESHOLD, near_duplicates
from training.audit.images import DetectorSample, ask_detector, suspects
from training.audit.labels import Conflicts, class_balance, conflicts, voted, votes_by_label
from training.data.faces import FaceSet, ImageForm, joined

_Choice = Callable[["pd.Series[str]"], "pd.Series[bool]"]

SHOWN_FROM = 0.5  # pairs from this NCC on are counted, to show that the threshold lies between two heaps


@dataclass(frozen=True, slots=True)
class Audit:
    """What :func:`audit` found.

    Attributes:
        faces: all splits as one set.
        splits: the splits' names, in their order.
        balance: faces by class (rows) and split (columns).
        candidates: every judged pair from NCC 0.5 on; ``pairs`` are those of it from the threshold on.
        pairs: duplicates, each side with its split, source, row id and label (columns ``split_a``, ``split_b``, ...).
        conflicts: what the labels of duplicates say.
        suspects: images that are probably no faces, with split, source, row id and label.
        votes: faces by label (rows) and FER+'s choice (columns); None where the data has no votes.
        no_face: places of the faces in which most of FER+'s voters saw no face.
        sample: what a detector says about a random sample; None if it was not asked.
    """

    faces: FaceSet
    splits: tuple[str, ...]
    balance: pd.DataFrame
    candidates: pd.DataFrame
    pairs: pd.DataFrame
    conflicts: Conflicts
    suspects: pd.DataFrame
    votes: pd.DataFrame | None
    no_face: frozenset[int]
    sample: DetectorSample | None


def audit(sets: Sequence[FaceSet], *, detector_sample: int = 0) -> Audit:
    """Audits the splits of a data set, one :class:`FaceSet` each.

    Args:
        sets: the splits.
        detector_sample: how many random images to show to a face detector (30 ms each).

    Raises:
        FerError: no detector is at hand.
    """
    faces = joined(sets, ImageForm(side=max(faces.images.shape[1] for faces in sets)))
    split_of = pd.Series([part.split for part in sets for _ in range(len(part))], dtype=str)
    where = pd.DataFrame(
        {
            "split": split_of,
            "source": np.array(faces.sources)[faces.source_of],
            "row": faces.rows,
            "label": np.array(faces.label_names)[faces.labels],
        }
    )
    candidates = near_duplicates(faces, threshold=SHOWN_FROM)
    duplicates = candidates[candidates["similarity"] >= THRESHOLD].reset_index(drop=True)
    odd = suspects(faces)
    return Audit(
        faces=faces,
        splits=tuple(part.split for part in sets),
        balance=class_balance(faces, split_of),
        candidates=candidates,
        pairs=_located(duplicates, where),
        conflicts=conflicts(faces, duplicates),
        suspects=odd.join(where, on="place"),
        votes=None if faces.votes is None else votes_by_label(faces),
        no_face=frozenset(voted(faces).loc[lambda choice: choice == "no face"].index.tolist()),
        sample=ask_detector(faces, detector_sample) if detector_sample else None,
    )


def _located(pairs: pd.DataFrame, where: pd.DataFrame) -> pd.DataFrame:
    """Pairs whose two sides say where they lie."""
    sides = [where.loc[pairs[side]].add_suffix(f"_{side}").reset_index(drop=True) for side in ("a", "b")]
    return pd.concat([*sides, pairs], axis=1)


def across_splits(found: Audit) -> pd.DataFrame:
    """Pairs of duplicates by the splits of their two sides, (splits, splits), each pair once, in the upper triangle."""
    order = {split: place for place, split in enumerate(found.splits)}
    sides = found.pairs[["split_a", "split_b"]].replace(order).to_numpy(np.int64)
    table = np.zeros((len(order), len(order)), np.int64)
    np.add.at(table, (sides.min(1), sides.max(1)), 1)
    return pd.DataFrame(table, index=list(order), columns=list(order))


def leaked_faces(found: Audit, split: str) -> int:
    """How many faces of ``split`` have a duplicate in the training split."""
    return _matched(found.pairs, lambda own: own == split, lambda other: other == "train")


def leaking_faces(found: Audit) -> int:
    """How many faces of the training split have a duplicate in another split; ``--drop-leaks`` removes these."""
    return _matched(found.pairs, lambda own: own == "train", lambda other: other != "train")


def _matched(pairs: pd.DataFrame, own: _Choice, other: _Choice) -> int:
    """How many faces of the chosen splits are half of a pair whose other half lies in the other splits."""
    first = pairs.loc[own(pairs["split_a"]) & other(pairs["split_b"]), "a"]
    second = pairs.loc[own(pairs["split_b"]) & other(pairs["split_a"]), "b"]
    return int(pd.concat([first, second]).nunique())
