"""metrics.json: every number against scikit-learn, every interval against what it must cover."""

import json
import math

import numpy as np
import pytest
from sklearn import metrics as sk

from fer_explain.benchmark import calibration
from fer_explain.benchmark.metrics import Headline, Metrics, evaluate, headline, read_splits
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError


def _logits(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A model that is right more often than not, and too sure of itself."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(LABELS), size=n)
    return 3 * (rng.normal(size=(n, len(LABELS))) + 1.5 * np.eye(len(LABELS))[labels]), labels


def _one_hot(predicted: list[int], classes: int) -> np.ndarray:
    return 10.0 * np.eye(classes)[predicted]


def test_scalars_and_classes_equal_scikit_learn():
    logits, labels = _logits()
    got = evaluate(logits, labels, LABELS, temperature=2.0, bootstrap=10)
    predicted, probabilities = logits.argmax(1), calibration.softmax(logits, 2.0)
    assert got.n == 400
    assert got.accuracy == pytest.approx(sk.accuracy_score(labels, predicted))
    assert got.balanced_accuracy == pytest.approx(sk.balanced_accuracy_score(labels, predicted))
    assert got.macro_f1 == pytest.approx(sk.f1_score(labels, predicted, average="macro"))
    assert got.weighted_f1 == pytest.approx(sk.f1_score(labels, predicted, average="weighted"))
    assert got.nll == pytest.approx(sk.log_loss(labels, probabilities, labels=range(7)))
    assert got.ece == pytest.approx(calibration.reliability(probabilities, labels).ece)
    assert got.ece_uncalibrated == pytest.approx(calibration.reliability(calibration.softmax(logits), labels).ece)
    assert got.ece_uncalibrated > got.ece
    assert got.confusion == tuple(map(tuple, sk.confusion_matrix(labels, predicted).tolist()))
    happy = got.classes["happy"]
    assert happy.recall == pytest.approx(got.confusion[3][3] / happy.support)
    assert happy.precision == pytest.approx(got.confusion[3][3] / sum(row[3] for row in got.confusion))


def test_hand_worked_case():
    """True a a a b, said a a b b: recalls 2/3 and 1, precisions 1 and 1/2, F1 0.8 and 2/3."""
    got = evaluate(_one_hot([0, 0, 1, 1], 2), [0, 0, 0, 1], ["a", "b"], bootstrap=10)
    assert got.accuracy == 0.75
    assert got.balanced_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert got.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert got.weighted_f1 == pytest.approx((3 * 0.8 + 2 / 3) / 4)
    assert got.confusion == ((2, 1), (0, 1))
    assert (got.classes["b"].precision, got.classes["b"].recall, got.classes["b"].support) == (0.5, 1.0, 1)


def test_absent_classes_count_as_scikit_learn_counts_them_and_never_give_nan():
    """Class c has no image but one prediction; class d has neither."""
    labels, predicted = [0, 0, 1, 1], [0, 2, 1, 1]
    got = evaluate(_one_hot(predicted, 4), labels, list("abcd"), bootstrap=200)
    assert got.balanced_accuracy == pytest.approx(np.mean([0.5, 1.0]))
    assert got.macro_f1 == pytest.approx(sk.f1_score(labels, predicted, average="macro"))
    assert (got.classes["c"].support, got.classes["c"].recall, got.classes["d"].f1) == (0, 0.0, 0.0)
    assert all(math.isfinite(end) for interval in got.intervals.values() for end in interval)


def test_intervals_hold_the_estimate_and_have_the_width_theory_gives():
    logits, labels = _logits(2000)
    got = evaluate(logits, labels, LABELS)
    assert set(got.intervals) == {
        "accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "nll", "ece", "ece_uncalibrated",
    }  # fmt: skip
    for name, (low, high) in got.intervals.items():
        assert low <= getattr(got, name) <= high, name
        assert low < high, name
    low, high = got.intervals["accuracy"]
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(got.accuracy * (1 - got.accuracy) / 2000), rel=0.1)


def test_same_seed_same_intervals():
    logits, labels = _logits()
    first, again, other = (evaluate(logits, labels, LABELS, bootstrap=50, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.intervals != other.intervals
    assert first.accuracy == other.accuracy


def test_survives_json():
    logits, labels = _logits()
    got = evaluate(logits, labels, LABELS, bootstrap=10)
    assert Metrics.from_dict(json.loads(json.dumps(got.to_dict()))) == got


@pytest.mark.parametrize("data", [{}, {"n": 3}, {"labels": None}, {"labels": [], "classes": 1}])
def test_foreign_data_is_refused(data):
    with pytest.raises(FerError, match="not metrics"):
        Metrics.from_dict(data)
    with pytest.raises(FerError, match="not metrics"):
        read_splits({"splits": {"test": data}})


def test_splits_are_read_by_name():
    scores = evaluate(*_logits(), LABELS, bootstrap=10)
    assert read_splits({"splits": {"test": scores.to_dict()}}) == {"test": scores}
    assert read_splits({}) == {}
    with pytest.raises(FerError, match="list"):
        read_splits({"splits": []})


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.zeros((0, 2)), np.zeros(0, int), "no image"),
        (np.zeros((3, 2)), [0, 1], r"\(2, 2\)"),
        (np.zeros((2, 3)), [0, 1], r"\(2, 2\)"),
        (np.zeros((2, 2)), [0, 2], "0 to 1"),
        (np.zeros((2, 2)), [0.0, 1.0], "whole numbers"),
        ([[0, 1], [np.nan, 0]], [0, 1], "image 1"),
    ],
)
def test_bad_input_is_named(logits, labels, message):
    with pytest.raises(FerError, match=message):
        evaluate(logits, labels, ["a", "b"])


def test_headline_reads_the_split_and_its_settings():
    logits, labels = _logits()
    scores = evaluate(logits, labels, LABELS, bootstrap=10)
    stored = {"splits": {"test": scores.to_dict()}, "temperature": 1.0, "settings": {"tta": "flip"}}
    found = headline(json.loads(json.dumps(stored)))
    assert found is not None
    assert (found.accuracy, found.n, found.split, found.tta) == (scores.accuracy, 400, "test", "flip")
    assert (found.low, found.high) == scores.intervals["accuracy"]
    assert headline(stored, "validation") is None


@pytest.mark.parametrize(
    "broken", [{}, {"splits": None}, {"splits": {"test": {}}}, {"splits": {"test": {"accuracy": "?", "n": 1}}}]
)
def test_headline_never_guesses(broken):
    assert headline(broken) is None


def test_headline_text_shows_split_n_and_interval():
    assert str(Headline(0.696, 0.6812, 0.7109, 3589)) == "69.6 % (68.1 % to 71.1 %; test, n = 3,589)"
    assert str(Headline(0.5, 0.4, 0.6, 10, tta="flip")).endswith("test-time augmentation: flip)")
