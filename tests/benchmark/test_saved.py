import numpy as np
import pytest

from fer_explain.benchmark.calibration import softmax
from fer_explain.benchmark.saved import Saved, align, ensemble, ensemble_temperature
from fer_explain.errors import FerError

NAMES = ("a", "b", "c")


def saved(name: str, rows: list[int], logits: list[list[float]], labels: list[int] | None = None) -> Saved:
    truth = np.array(labels if labels is not None else [0] * len(rows))
    return Saved(name, "test", np.array(rows), truth, np.array(logits, float), 1.0, NAMES)


def test_models_are_put_on_the_rows_they_share() -> None:
    one, two = align([saved("x", [1, 2, 5], [[1, 0, 0]] * 3), saved("y", [2, 5, 7], [[0, 1, 0]] * 3)])
    assert one.rows.tolist() == two.rows.tolist() == [2, 5]


def test_models_that_cannot_be_compared_are_refused() -> None:
    here = saved("x", [1, 2], [[1, 0, 0]] * 2)
    with pytest.raises(FerError, match="no image in common"):
        align([here, saved("y", [3], [[1, 0, 0]])])
    with pytest.raises(FerError, match="other labels for the same rows"):
        align([here, saved("y", [1, 2], [[1, 0, 0]] * 2, labels=[0, 1])])


def test_an_ensemble_is_the_mean_of_probabilities() -> None:
    one, two = saved("x", [1], [[2, 0, 0]]), saved("y", [1], [[0, 3, 0]])
    joined = ensemble([one, two])
    np.testing.assert_allclose(joined.probabilities, (softmax([[2, 0, 0]]) + softmax([[0, 3, 0]])) / 2)
    assert joined.name == "x + y"
    assert joined.predicted.tolist() == [1]
    with pytest.raises(FerError, match="at least two"):
        ensemble([one])


def test_an_overconfident_ensemble_gets_a_temperature_above_one() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=600)
    logits = rng.normal(size=(600, 3)) * 3
    logits[np.arange(600), labels] += 1.5
    rows = list(range(600))
    models = [saved(name, rows, (logits + rng.normal(size=logits.shape)).tolist(), labels.tolist()) for name in "xy"]
    assert ensemble_temperature(models) > 1.2
