"""What FER+'s ten annotators per face (Barsoum et al. 2016) say about its FER2013 label.

FER2013's labels come from few people in a hurry, FER+'s votes from ten others who saw the same faces. How the one
follows from the other is learned on the training split: P(label | votes), a multinomial logistic regression. Where a
label is a slip, the votes say so; where a face is ambiguous, they say between what. Neither votes nor labels of
validation and test faces are looked at.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from fer_explain.errors import FerError
from training.data import FaceSet

_STEPS: Final = 500


def label_given_votes(train: FaceSet) -> tuple[Tensor, Tensor]:
    """P(label | votes) of the training images, float (N, K), and which of them have votes, bool (N,).

    Raises:
        FerError: the data has no votes, or too few to learn from.
    """
    votes = train.votes
    known = np.zeros(len(train), bool) if votes is None else votes.sum(1) > 0
    if votes is None or set(train.labels[known]) != set(range(len(train.label_names))):
        raise FerError("--votes: the training split has no FER+ votes for faces of every class.")
    shares = votes[known] / votes[known].sum(1, keepdims=True)
    features = np.concatenate([shares, np.sqrt(shares)], axis=1)  # the root tells one vote from none
    regression = LogisticRegression(max_iter=_STEPS).fit(features, train.labels[known])
    classes = len(train.label_names)
    probabilities = torch.full((len(train), classes), 1 / classes)
    probabilities[torch.from_numpy(known)] = torch.from_numpy(regression.predict_proba(features)).float()
    return probabilities, torch.from_numpy(known)


def consult(answers: Tensor, train: FaceSet, weight: float) -> Tensor:
    """The teachers' answers (2, N, K), joined with the annotators': p^(1 - w) q^w, normalised, where there are votes.

    Args:
        answers: p, of :func:`training.distill.teach`.
        train: the N training images.
        weight: w of the annotators, 0..1.
    """
    said, known = label_given_votes(train)
    joined = ((1 - weight) * answers.clamp(min=1e-12).log() + weight * said.clamp(min=1e-12).log()).softmax(-1)
    return torch.where(known[:, None], joined, answers)
