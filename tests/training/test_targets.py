"""Labels by FER+'s votes, against rows worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from training.data import FaceSet
from training.data.votes import VOTES
from training.targets import as_ferplus, label_targets, vote_shares, without_non_faces


def votes(**counts: int) -> list[int]:
    """Ten counts in FER+'s order; spaces of its names are underscores here."""
    return [counts.get(name.replace(" ", "_"), 0) for name in VOTES]


def faces(*rows: list[int], labels: list[str] | None = None) -> FaceSet:
    n = len(rows)
    named = np.array([LABELS.index(label) for label in labels or ["angry"] * n])
    return FaceSet("drawn", "train", np.zeros((n, 8, 8), np.uint8), named, np.arange(n), votes=np.array(rows, np.int16))


def shares(**values: float) -> np.ndarray:
    return np.array([values.get(label, 0.0) for label in LABELS], np.float32)


def test_votes_become_shares_in_the_order_of_the_labels():
    found, known = vote_shares(np.array([votes(neutral=2, sadness=6, anger=2)], np.int16))
    np.testing.assert_allclose(found[0], shares(neutral=0.2, sad=0.6, angry=0.2))
    assert known.tolist() == [True]


def test_a_single_vote_is_a_slip_where_another_class_has_more():
    found, _ = vote_shares(np.array([votes(happiness=8, fear=1, disgust=1), votes(happiness=1, fear=1)], np.int16))
    np.testing.assert_allclose(found[0], shares(happy=1.0))
    np.testing.assert_allclose(found[1], shares(happy=0.5, fear=0.5))


def test_contempt_and_unknown_do_not_count():
    found, _ = vote_shares(np.array([votes(neutral=4, contempt=4, unknown=2)], np.int16))
    np.testing.assert_allclose(found[0], shares(neutral=1.0))


def test_own_labels_stand_where_nobody_voted():
    given = faces(votes(), votes(sadness=10), labels=["fear", "fear"])
    np.testing.assert_allclose(label_targets(given, "ferplus")[0], shares(fear=1.0))
    np.testing.assert_allclose(label_targets(given, "ferplus")[1], shares(sad=1.0))
    np.testing.assert_allclose(label_targets(given, "mix")[1], shares(sad=0.5, fear=0.5))
    assert label_targets(given, "fer2013") is None


def test_without_votes_one_sentence_says_so():
    given = replace(faces(votes(sadness=10)), votes=None)
    with pytest.raises(FerError, match=r"--labels ferplus: the training split has no FER\+ votes"):
        label_targets(given, "ferplus")


def test_what_is_no_face_is_left_out_where_votes_count():
    given = faces(votes(no_face=6, neutral=4), votes(no_face=5, neutral=5), votes())
    assert without_non_faces(given, "ferplus").rows.tolist() == [1, 2]
    assert len(without_non_faces(given, "fer2013")) == 3


def test_the_majority_of_seven_and_what_it_leaves_out():
    given = faces(
        votes(happiness=9, neutral=1),
        votes(sadness=5, neutral=5),
        votes(contempt=6, neutral=4),
        votes(unknown=6, neutral=4),
        votes(no_face=10),
        votes(),
        votes(fear=4, surprise=3, neutral=3),
    )
    found = as_ferplus(given)
    assert [LABELS[label] for label in found.labels] == ["happy", "fear"]
    assert found.rows.tolist() == [0, 6]
    assert found.left_out == {
        "uncertain votes": 1,
        "shared first place": 1,
        "contempt": 1,
        "unknown": 1,
        "no face": 1,
    }
