"""What a face is to be called: the data's own label, what FER+'s ten annotators said, or the mean of both.

FER+ (Barsoum et al. 2016) asked ten people about every FER2013 face. Their filter is used here: a class with a single
vote counts as a slip where another class has more, and a face that most took for none, or could not name, has no
emotion. Votes for what is none of the learned classes, such as contempt beside FER2013's seven, are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_explain.emotions import LABELS, key_of
from fer_explain.errors import FerError
from training.data import FaceSet
from training.data.votes import VOTES

FER2013: Final = "fer2013"
FERPLUS: Final = "ferplus"
_NO_FACE: Final = VOTES.index("no face")


def label_targets(faces: FaceSet, kind: str) -> Tensor | None:
    """Distributions (N, K) that training follows; None where the labels themselves are meant.

    A face without certain votes, or from a data set that has none, keeps its own label.

    Args:
        faces: the training split.
        kind: ``fer2013`` (the own label) | ``ferplus`` (the votes) | ``mix`` (the mean of both).

    Raises:
        FerError: votes are asked for and no face has any.
    """
    if kind == FER2013:
        return None
    if faces.votes is None or not faces.votes.any():
        raise FerError(f"--labels {kind}: the training split has no FER+ votes; its column is 'ferplus_votes'.")
    own = np.eye(len(faces.label_names), dtype=np.float32)[faces.labels]
    shares, known = vote_shares(faces.votes, faces.label_names)
    said = np.where(known[:, None], shares, own)
    return torch.from_numpy(said if kind == FERPLUS else (said + own) / 2)


def vote_shares(
    votes: NDArray[np.int16], label_names: Sequence[str] = LABELS
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The K classes' shares (N, K) of vote counts (N, 10), and which faces have any.

    Raises:
        FerError: FER+ has no votes for one of the classes.
    """
    places = {key_of(name): place for place, name in enumerate(VOTES)}
    unknown = [name for name in label_names if key_of(name) not in places]
    if unknown:
        raise FerError(f"--labels: FER+ has no votes for {', '.join(unknown)}.")
    named = _without_slips(votes)[:, [places[key_of(name)] for name in label_names]].astype(np.float32)
    total = named.sum(1, keepdims=True)
    return named / np.maximum(total, 1), total[:, 0] > 0


def without_non_faces(faces: FaceSet, kind: str) -> FaceSet:
    """The faces that ``kind`` learns from: all but those that most voters called no face, where votes count."""
    if kind == FER2013 or faces.votes is None:
        return faces
    return faces.take(np.flatnonzero(faces.votes[:, _NO_FACE] * 2 <= np.maximum(faces.votes.sum(1), 1)))


def as_ferplus(faces: FaceSet) -> FaceSet:
    """A split with FER+'s labels: the class that most voters named, of its own.

    Left out, and counted in ``left_out``: faces without certain votes, those whose first place is shared, and those
    whose first place is contempt, unknown or no face (Barsoum et al. 2016, section 2).

    Raises:
        FerError: no face has votes.
    """
    if faces.votes is None or not faces.votes.any():
        raise FerError(f"--labels {FERPLUS}: {faces.source} has no FER+ votes; their column is 'ferplus_votes'.")
    votes = _without_slips(faces.votes)
    first, certain = votes.argmax(1), votes.sum(1) > 0
    shared = (votes == votes.max(1, keepdims=True)).sum(1) > 1
    names = np.array([key_of(name) for name in VOTES])[first]
    own = [key_of(name) for name in faces.label_names]
    index = np.array([own.index(name) if name in own else -1 for name in names], np.int64)
    kept = certain & ~shared & (index >= 0)
    left_out = {"uncertain votes": int((~certain).sum()), "shared first place": int((certain & shared).sum())}
    for name in (key_of(name) for name in VOTES if key_of(name) not in own):
        left_out[name] = int((certain & ~shared & (names == name)).sum())
    labelled = replace(faces, labels=index, left_out={key: n for key, n in left_out.items() if n})
    return labelled.take(np.flatnonzero(kept))


def _without_slips(votes: NDArray[np.int16]) -> NDArray[np.int16]:
    """Counts (N, 10) without the classes that a single voter named, where any was named by more."""
    several = votes.max(1, keepdims=True) > 1
    return np.where(several & (votes == 1), 0, votes).astype(np.int16)
