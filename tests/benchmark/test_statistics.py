"""Intervals and paired tests against closed forms."""

import numpy as np
import pytest

from fer_explain.benchmark.statistics import (
    Interval,
    bootstrap_means,
    mcnemar,
    paired_bootstrap_difference,
    percentile_interval,
)


def test_bootstrap_means_spread_as_the_standard_error():
    rows = np.random.default_rng(0).normal(size=(500, 2)) * [1.0, 3.0]
    got = bootstrap_means(rows, repeats=2000)
    assert got.shape == (2000, 2)
    np.testing.assert_allclose(got.mean(0), rows.mean(0), atol=0.02)
    np.testing.assert_allclose(got.std(0), rows.std(0) / np.sqrt(500), rtol=0.06)


def test_columns_of_one_replicate_use_the_same_draw():
    rows = np.arange(20.0)[:, None] * [1.0, -2.0]
    got = bootstrap_means(rows, repeats=5)
    np.testing.assert_allclose(got[:, 1], -2 * got[:, 0])


def test_percentile_interval_is_the_middle_95_percent_and_holds_the_estimate():
    samples = np.linspace(0, 100, 1001)
    assert percentile_interval(samples, 50.0) == pytest.approx((2.5, 97.5))
    assert percentile_interval(samples, 1.0) == pytest.approx((1.0, 97.5))


@pytest.mark.parametrize(
    ("interval", "excludes"), [((0.1, 0.2), True), ((-2, -1), True), ((-1, 1), False), ((0, 1), False)]
)
def test_better_needs_an_interval_without_zero(interval, excludes):
    assert Interval(*interval).excludes_zero is excludes


def test_mcnemar_hand_worked():
    """8 images only a got right, 1 only b: p = 2 * (C(9,0) + C(9,1)) / 2^9."""
    a = [True] * 8 + [False] + [True] * 50 + [False] * 5
    b = [False] * 8 + [True] + [True] * 50 + [False] * 5
    got = mcnemar(a, b)
    assert (got.only_a, got.only_b) == (8, 1)
    assert got.p_value == pytest.approx(2 * (1 + 9) / 2**9)
    assert mcnemar(b, a).p_value == got.p_value


def test_mcnemar_of_a_model_with_itself():
    assert mcnemar([True, False], [True, False]).p_value == 1.0


def test_paired_difference_uses_the_pairing():
    """b equals a but for ten images: the difference is known to within those ten, however much both vary."""
    rng = np.random.default_rng(0)
    a = rng.random(1000) < 0.7
    b = a.copy()
    b[np.flatnonzero(a)[:10]] = False
    got = paired_bootstrap_difference(a, b)
    assert got.value == pytest.approx(0.01)
    assert got.interval.excludes_zero
    assert got.interval.high - got.interval.low == pytest.approx(2 * 1.96 * np.sqrt(0.01 * 0.99 / 1000), rel=0.15)


def test_paired_difference_of_equal_models_is_zero():
    scores = np.random.default_rng(0).random(50)
    assert paired_bootstrap_difference(scores, scores).interval == (0.0, 0.0)


@pytest.mark.parametrize("compare", [mcnemar, paired_bootstrap_difference])
def test_models_must_have_judged_the_same_images(compare):
    with pytest.raises(ValueError, match="both models"):
        compare([True, False], [True])


def test_difference_needs_an_image():
    with pytest.raises(ValueError, match="none"):
        paired_bootstrap_difference([], [])
