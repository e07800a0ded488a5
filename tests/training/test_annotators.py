"""Annotators among the teachers: labels that the votes contradict lose weight, faces without votes keep the answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_explain.errors import FerError
from training.annotators import consult, label_given_votes
from training.data import FaceSet
from training.data.votes import VOTES

CLASS_OF_VOTE = (6, 3, 5, 4, 0, 1, 2)  # the votes' first seven emotions as FER2013 labels


def voted(per_class: int = 40) -> FaceSet:
    """Ten unanimous votes for each face; one label in ten is a slip, and the last face has no votes."""
    emotions = np.repeat(np.arange(7), per_class)
    labels = np.array(CLASS_OF_VOTE)[emotions]
    labels[::10] = (labels[::10] + 1) % 7
    votes = np.zeros((len(labels), len(VOTES)), np.int16)
    votes[np.arange(len(labels)), emotions] = 10
    votes[-1] = 0
    images = np.zeros((len(labels), 4, 4), np.uint8)
    return FaceSet("f", "train", images, labels, np.arange(len(labels)), votes=votes)


def test_the_votes_outweigh_a_slip_of_the_label() -> None:
    train = voted()
    said, known = label_given_votes(train)
    torch.testing.assert_close(said.sum(1), torch.ones(len(train)))
    assert known.tolist() == [True] * (len(train) - 1) + [False]
    meant = torch.tensor(np.array(CLASS_OF_VOTE)[np.repeat(np.arange(7), 40)])
    assert torch.equal(said.argmax(1)[known], meant[known])
    assert not torch.equal(meant, torch.from_numpy(train.labels))
    share = said[known].gather(1, meant[known, None])
    assert 0.8 < float(share.mean()) < 0.95  # as often as labels follow the votes


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_answers_and_annotators_are_joined_by_their_weight(weight: float) -> None:
    train = voted()
    answers = torch.rand(2, len(train), 7, generator=torch.Generator().manual_seed(0)).softmax(-1)
    said, known = label_given_votes(train)
    joined = consult(answers, train, weight)
    product = answers ** (1 - weight) * said**weight
    torch.testing.assert_close(joined[:, known], (product / product.sum(-1, keepdim=True))[:, known])
    assert torch.equal(joined[:, ~known], answers[:, ~known])


@pytest.mark.parametrize("votes", [None, np.zeros((280, len(VOTES)), np.int16)])
def test_data_without_votes_is_refused(votes: np.ndarray | None) -> None:
    with pytest.raises(FerError, match="--votes: the training split has no"):
        label_given_votes(replace(voted(), votes=votes))
