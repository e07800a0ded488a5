"""Balance and temperature of a field network, on logits worked out by hand and on a tiny checkpoint."""

from __future__ import annotations

import numpy as np
import pytest

from fer_explain.emotions import LABELS
from training.calibrate import Judged, choose_tau

N = len(LABELS)


def judged(*pairs: tuple[int, int, float]) -> Judged:
    """Answers of (class it leans to, true class, lead over the true one)."""
    logits = np.zeros((len(pairs), N))
    for row, (said, _, lead) in enumerate(pairs):
        logits[row, said] = lead
        logits[row] -= 5 * ~np.isin(np.arange(N), (said, pairs[row][1]))
    return Judged("drawn", logits, np.array([true for _, true, _ in pairs]))


def prior(rare: int) -> np.ndarray:
    shares = np.full(N, 0.16)
    shares[rare] = 0.04
    return np.log(shares / shares.sum())


def test_a_rare_class_that_loses_narrowly_gains():
    log_prior = prior(rare=1)  # one tau is worth log 4 = 1.39 of the lead
    data = judged(*[(0, 0, 3.0)] * 20, *[(0, 1, 0.5)] * 20)
    tau = choose_tau([data], log_prior)
    assert data.accuracy(-tau * log_prior) == 1.0
    assert data.balanced(-tau * log_prior) > data.balanced(np.zeros(N)) == 0.5


def test_nothing_is_taken_that_costs_accuracy():
    log_prior = prior(rare=1)
    faithful = judged(*[(0, 0, 0.01)] * 50 + [(1, 1, 3.0)] * 10)
    faithful.logits[:50, 1] = 0.0
    assert choose_tau([faithful], log_prior) == 0.0


def test_the_worst_data_set_decides():
    log_prior = prior(rare=1)
    eager = judged(*[(0, 1, 0.5)] * 20)
    strict = judged(*[(0, 0, 0.3)] * 20)
    strict.logits[:, 1] = 0.0
    assert choose_tau([eager], log_prior) == 1.0
    assert choose_tau([eager, strict], log_prior) == pytest.approx(0.2)
