import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from fer_explain.benchmark.per_class import class_estimates, confusion_counts
from fer_explain.benchmark.saved import Saved


def random_model(n: int = 400, classes: int = 4) -> Saved:
    rng = np.random.default_rng(3)
    labels = rng.integers(classes - 1, size=n)  # the last class never occurs
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), labels] += 1
    return Saved("x", "test", np.arange(n), labels, logits, 1.0, tuple("abcd"[:classes]))


def test_as_scikit_learn_counts_them() -> None:
    model = random_model()
    expected = precision_recall_fscore_support(model.labels, model.predicted, labels=range(4), zero_division=0)
    found = class_estimates(model, repeats=20).values()
    np.testing.assert_allclose([e.precision.value for e in found], expected[0])
    np.testing.assert_allclose([e.recall.value for e in found], expected[1])
    np.testing.assert_allclose([e.f1.value for e in found], expected[2])
    assert [e.support for e in found] == expected[3].tolist()
    np.testing.assert_array_equal(confusion_counts(model), confusion_matrix(model.labels, model.predicted))


def test_the_interval_of_a_recall_is_about_that_of_a_proportion() -> None:
    estimate = class_estimates(random_model(3000))["a"]
    half = 1.96 * np.sqrt(estimate.recall.value * (1 - estimate.recall.value) / estimate.support)
    low, high = estimate.recall.interval
    assert low < estimate.recall.value < high
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)


def test_a_class_that_is_never_said_scores_nought_without_a_warning() -> None:
    model = Saved("x", "test", np.arange(3), np.array([0, 0, 1]), np.eye(2)[[0, 0, 0]], 1.0, ("a", "b"))
    with np.errstate(all="raise"):
        assert class_estimates(model, repeats=5)["b"].f1.value == 0
