"""The check with noisy copies of a face, on maps that change by known amounts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from fer_explain.explain.faithfulness.sensitivity import check_sensitivity


class Changing:
    """A probe whose maps differ from a map of ones by these shares of its norm, one after the other."""

    def __init__(self, *changes: float) -> None:
        self.left = list(changes)

    def maps(self, images: Tensor) -> np.ndarray:
        return np.full((len(images), 8, 8), 1 + self.left.pop(0))


@pytest.mark.parametrize(
    ("changes", "asked", "passed"),
    [
        ((0.2, 0.9, 0.9, 0.9), 1, True),  # clear after one copy
        ((0.28, 0.1, 0.9, 0.9), 2, True),  # after two
        ((0.4, 0.4, 0.4, 0.4), 4, True),  # never
        ((0.4, 0.6, 0.1, 0.1), 2, False),  # lost
    ],
)
def test_noisy_copies_end_where_the_verdict_is_clear(changes: tuple[float, ...], asked: int, passed: bool) -> None:
    face, own, rng = torch.rand(1, 3, 8, 8), torch.ones(8, 8, dtype=torch.float64), np.random.default_rng(0)
    probe: Any = Changing(*changes)
    told = check_sensitivity(probe, face, own, rng, verdict_only=True)
    assert (len(changes) - len(probe.left), told.passed) == (asked, passed)
    probe = Changing(*changes)
    assert check_sensitivity(probe, face, own, rng).value == pytest.approx(max(changes))
    assert not probe.left
