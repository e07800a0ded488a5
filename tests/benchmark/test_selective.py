import numpy as np
import pytest

from fer_explain.benchmark.selective import abstention_threshold, risk_coverage

P = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])


def test_the_curve_by_hand() -> None:
    curve = risk_coverage(P, [0, 1, 0, 1])
    np.testing.assert_allclose(curve.coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.risk, [0, 1 / 2, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_images_of_equal_confidence_share_their_errors() -> None:
    tied = np.array([[0.9, 0.1], [0.9, 0.1]])
    np.testing.assert_allclose(risk_coverage(tied, [0, 1]).risk, risk_coverage(tied, [1, 0]).risk)


def test_a_constant_confidence_is_no_better_than_chance() -> None:
    labels = np.arange(100) % 4 == 0
    assert risk_coverage(np.tile([0.6, 0.4], (100, 1)), labels).area == pytest.approx(labels.mean())


def test_the_threshold_answers_as_many_as_the_accuracy_allows() -> None:
    assert abstention_threshold(P, [0, 1, 0, 1], accuracy=0.66) == pytest.approx(0.7)
    assert abstention_threshold(P, [0, 1, 0, 1], accuracy=1.0) == pytest.approx(0.9)
    assert abstention_threshold(P, [1, 1, 1, 1], accuracy=0.9) is None


def test_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        risk_coverage(np.empty((0, 2)), [])
