import math

import numpy as np
import pytest

from fer_explain.benchmark.conformal import coverage, fit_conformal, scores
from fer_explain.hub.predictions import read_saved


def noisy(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the very probabilities that are reported."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.5] * 7, size=n)
    return p, np.array([rng.choice(7, p=row) for row in p])


def test_threshold_by_hand() -> None:
    """Four images, level 0.6: rank ceil(5 * 0.6) = 3 of the sorted scores 0.1, 0.2, 0.5, 0.7."""
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.5, 0.5], [0.3, 0.7]])
    rule = fit_conformal(p, [0, 0, 0, 0], level=0.6)
    assert rule.threshold == pytest.approx(0.5)
    assert rule.sets([[0.6, 0.4]]).tolist() == [[True, False]]
    assert rule.sets([[0.5, 0.5]]).tolist() == [[True, True]]


def test_the_adaptive_score_is_the_mass_down_to_the_class() -> None:
    np.testing.assert_allclose(scores(np.array([[0.2, 0.5, 0.3]]), "aps"), [[1.0, 0.5, 0.8]])


@pytest.mark.parametrize("score", ["lac", "aps"])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_the_promise_is_kept_on_new_images(score, level: float) -> None:
    rule = fit_conformal(*noisy(3000, 0), level=level, score=score)
    found = coverage(rule, *noisy(20000, 1))
    assert found.covered >= level - 0.015
    if score == "lac":
        assert found.covered <= level + 0.015


def test_too_few_images_give_sets_of_all_classes() -> None:
    rule = fit_conformal([[0.9, 0.1]], [0], level=0.9)
    assert rule.threshold == math.inf
    assert rule.sets([[0.99, 0.01]]).all()


def test_the_predicted_class_is_always_in_the_set() -> None:
    rule = fit_conformal([[0.99, 0.01]] * 99, [0] * 99, level=0.5)
    assert rule.sets([[0.4, 0.6]]).tolist() == [[False, True]]


def test_a_missing_class_has_no_coverage() -> None:
    found = coverage(fit_conformal(*noisy(200, 0)), [[0.7, 0.3]], [0])
    assert math.isnan(found.by_class[1])


@pytest.mark.parametrize("level", [0, 1, -0.5])
def test_an_impossible_level_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        fit_conformal([[0.5, 0.5]], [0], level=level)


def test_the_default_checkpoint_covers_its_test_split() -> None:
    validation, test = (read_saved("stn_se_efficientnet_lite0", split) for split in ("validation", "test"))
    found = coverage(fit_conformal(validation.probabilities, validation.labels), test.probabilities, test.labels)
    assert found.n == 3589
    assert 0.88 < found.covered < 0.92
    assert 1 < found.mean_size < 3
