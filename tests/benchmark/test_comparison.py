import numpy as np
import pytest

from fer_explain.benchmark.comparison import agreement, compare, compare_all, compare_classes, holm
from fer_explain.benchmark.saved import Saved
from fer_explain.errors import FerError

NAMES = ("a", "b", "c")


def model(name: str, correct: list[bool], labels: list[int] | None = None, rows: list[int] | None = None) -> Saved:
    """Right answers where asked for, else the next class."""
    truth = np.array(labels if labels is not None else [0] * len(correct))
    predicted = np.where(correct, truth, (truth + 1) % 3)
    return Saved(name, "test", np.array(rows or range(len(correct))), truth, np.eye(3)[predicted], 1.0, NAMES)


def test_a_clear_difference_is_said_to_be_one() -> None:
    outcome = compare(model("good", [True] * 80 + [False] * 20), model("poor", [True] * 50 + [False] * 50))
    assert outcome.difference.value == pytest.approx(0.3)
    assert (outcome.test.only_a, outcome.test.only_b) == (30, 0)
    assert outcome.better == "good"
    assert outcome.sentence.startswith("good is better than poor: good minus poor is +30.0 points, 95 % interval 2")


def test_no_evidence_is_said_in_words() -> None:
    a, b = model("x", [True, False] * 50), model("y", [False, True] * 50)
    outcome = compare(a, b)
    assert outcome.better is None
    assert outcome.sentence.startswith("No evidence of a difference between x and y: +0.0 points, 95 % interval -")
    assert "n = 100" in outcome.sentence


def test_the_worse_one_may_come_first() -> None:
    outcome = compare(model("poor", [False] * 60), model("good", [True] * 60))
    assert outcome.better == "good"
    assert "good is better than poor: poor minus good is -100.0 points" in outcome.sentence


def test_only_the_kept_rows_count() -> None:
    a, b = model("x", [True] * 50 + [False] * 50), model("y", [True] * 100)
    assert compare(a, b, keep=range(50)).difference.value == 0
    assert compare(a, b, keep=range(50)).n == 50
    with pytest.raises(FerError, match="None of the images"):
        compare(a, b, keep=[500])


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])
    assert holm([]).shape == (0,)


def test_many_models_pay_for_their_number() -> None:
    """One pair alone would be significant; among 10 pairs it is not."""
    right = [True] * 50 + [False] * 50
    better = [True] * 57 + [False] * 43
    models = [model("a", better), *(model(name, right) for name in "bcde")]
    alone = compare(models[0], models[1])
    assert alone.better == "a"
    among_many = compare_all(models)
    assert len(among_many) == 10
    assert all(pair.better is None for pair in among_many)
    assert among_many[0].test.p_value == alone.test.p_value < 0.05 < among_many[0].adjusted_p


def test_classes_are_compared_apart_and_missing_ones_left_out() -> None:
    labels = [0] * 30 + [2] * 30
    a = model("x", [True] * 30 + [False] * 30, labels)
    b = model("y", [False] * 30 + [False] * 30, labels)
    outcome = compare_classes(a, b)
    assert list(outcome) == ["a", "c"]
    assert outcome["a"].better == "x"
    assert outcome["c"].better is None


def test_agreement_counts_equal_predictions() -> None:
    shares = agreement([model("x", [True, True, False, False]), model("y", [True, False, False, False])])
    np.testing.assert_allclose(shares, [[1, 0.75], [0.75, 1]])
