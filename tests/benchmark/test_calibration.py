"""Temperature scaling and reliability bins."""

import numpy as np
import pytest

from fer_explain.benchmark.calibration import (
    TEMPERATURES,
    bin_of,
    cross_entropy,
    fit_temperature,
    reliability,
    softmax,
)


def _calibrated(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the very distribution that the labels are drawn from."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(n, 7))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    return logits, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_fit_recovers_the_temperature_that_was_applied(temperature):
    logits, labels = _calibrated()
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.06)


def test_fit_is_a_minimum_and_lowers_the_calibration_error():
    logits, labels = _calibrated()
    logits = 3 * logits
    found = fit_temperature(logits, labels)
    best = cross_entropy(logits, labels, found).mean()
    assert all(best < cross_entropy(logits, labels, found * factor).mean() for factor in (0.98, 1.02))
    assert reliability(softmax(logits, found), labels).ece < reliability(softmax(logits), labels).ece / 3


def test_a_faultless_model_ends_at_the_bound():
    labels = np.arange(7).repeat(3)
    assert fit_temperature(np.eye(7)[labels], labels) == pytest.approx(TEMPERATURES[0], rel=1e-3)


def test_fit_needs_an_image():
    with pytest.raises(ValueError, match="none"):
        fit_temperature(np.zeros((0, 7)), np.zeros(0, int))


def test_softmax_stays_finite_for_huge_logits():
    np.testing.assert_allclose(softmax([[1000.0, 0.0], [0.0, 0.0]]), [[1, 0], [0.5, 0.5]])


def test_bins_are_half_open_from_below():
    np.testing.assert_array_equal(bin_of(np.array([0.0, 0.25, 0.5, 0.51, 1.0]), bins=2), [0, 0, 0, 1, 1])


def test_reliability_hand_worked():
    """Two sure images (0.9), one of them wrong; one unsure (0.6), right: ECE = (2 * |0.5 - 0.9| + |1 - 0.6|) / 3."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    got = reliability(probabilities, [0, 1, 1], bins=10)
    np.testing.assert_array_equal(got.counts, [0, 0, 0, 0, 0, 1, 0, 0, 2, 0])
    assert got.accuracy[8] == 0.5
    assert got.confidence[8] == pytest.approx(0.9)
    assert got.ece == pytest.approx((2 * 0.4 + 0.4) / 3)
    assert np.isfinite(got.accuracy).all()
