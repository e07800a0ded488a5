"""Uncertainty of a number and of a difference: bootstrap intervals and McNemar's test.

Images are the sampling unit everywhere. A comparison of two models is *paired*: both judged the same images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

LEVEL = 0.95


class Interval(NamedTuple):
    """A 95 % interval, ends included."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference with this interval may be called one at all (PROTOCOL: "better" needs this)."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class McNemar:
    """Images that only the first (``only_a``) or only the second model (``only_b``) got right, and the p-value."""

    only_a: int
    only_b: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean score of a minus mean score of b on the same images, with its 95 % interval."""

    value: float
    interval: Interval


def bootstrap_means(rows: Doubles, repeats: int = 1000, seed: int = 0) -> Doubles:
    """Means of resampled rows: (N, F) -> (repeats, F).

    Each replicate draws N of the N rows with replacement (Efron 1979). It is held as *how often* each row was drawn,
    which turns the mean of all F columns into one product.
    """
    n = len(rows)
    rng = np.random.default_rng(seed)
    draws = (np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(repeats))
    return np.stack([counts @ rows for counts in draws]) / n


def percentile_interval(samples: Doubles, value: float) -> Interval:
    """The middle 95 % of bootstrap ``samples`` (repeats,), stretched to hold the estimate ``value`` itself.

    The stretch matters for measures that resampling biases upwards, as the calibration error of a well calibrated
    model: their estimate can lie below nearly all replicates.
    """
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(min(float(low), value), max(float(high), value))


def mcnemar(a_correct: ArrayLike, b_correct: ArrayLike) -> McNemar:
    """McNemar's test that two models are right equally often, given who was right on each image (N,), booleans.

    Exact (two-sided binomial on the discordant pairs) at every size, so it also holds for few of them; 1 for none.

    Raises:
        ValueError: the two do not cover the same number of images.
    """
    a, b = _paired(a_correct, b_correct)
    only_a, only_b = int(((a > 0) & (b == 0)).sum()), int(((a == 0) & (b > 0)).sum())
    discordant = only_a + only_b
    from scipy.stats import binomtest  # takes most of a second to import

    p_value = float(binomtest(only_a, discordant).pvalue) if discordant else 1.0
    return McNemar(only_a, only_b, p_value)


def paired_bootstrap_difference(a: ArrayLike, b: ArrayLike, repeats: int = 1000, seed: int = 0) -> Difference:
    """Difference mean(a) - mean(b) of two models' scores per image (N,) and its paired bootstrap interval.

    Scores are booleans (right or wrong: a difference of accuracies) or any numbers (say, losses).

    Raises:
        ValueError: the two do not cover the same number of images, or there is none.
    """
    first, second = _paired(a, b)
    if not first.size:
        raise ValueError("two models can only be compared on at least one image, got none")
    difference = (first - second)[:, None]
    value = float(difference.mean())
    return Difference(value, percentile_interval(bootstrap_means(difference, repeats, seed)[:, 0], value))


def _paired(a: ArrayLike, b: ArrayLike) -> tuple[Doubles, Doubles]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"paired scores need one number per image for both models, got {first.shape}, {second.shape}")
    return first, second
