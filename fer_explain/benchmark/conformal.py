"""Honest confidence: prediction sets that hold the true class at a chosen rate, and when to rather say nothing.

Split conformal prediction: a threshold is fitted on validation predictions and holds, on average over exchangeable
faces, for new ones whatever the model is like (Vovk et al. 2005; Angelopoulos and Bates 2021, section 1.1). It does not
hold for each class or each kind of face by itself, and not for photos unlike the data set's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_explain.benchmark.statistics import Doubles

Sets = NDArray[np.bool_]
Score = Literal["aps", "lac"]


@dataclass(frozen=True, slots=True)
class ConformalRule:
    """Turns probabilities into a set of classes that holds the true one with probability ``level``.

    Attributes:
        level: wanted coverage in 0..1.
        threshold: largest nonconformity score that still enters the set.
        score: ``lac``: 1 - p (Sadinle et al. 2019; the smallest sets); ``aps``: the mass of the classes that are at
            least as probable (Romano et al. 2020, without randomisation; adapts better to hard faces).
        n: images the threshold was fitted on.
    """

    level: float
    threshold: float
    score: Score
    n: int

    def sets(self, probabilities: ArrayLike) -> Sets:
        """Which classes are in the set: probabilities (N, K) -> (N, K). The most probable class always is."""
        p = np.asarray(probabilities, dtype=np.float64)
        chosen = scores(p, self.score) <= self.threshold
        chosen[np.arange(len(p)), p.argmax(axis=1)] = True
        return chosen


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a rule did on ``n`` images: share of sets with the true class, mean size, share of sets of one class."""

    n: int
    covered: float
    mean_size: float
    singletons: float
    by_class: tuple[float, ...]


def scores(probabilities: Doubles, score: Score) -> Doubles:
    """Nonconformity (N, K) in 0..1 of each class, were it the true one; large = strange."""
    if score == "lac":
        return 1 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    mass = np.take_along_axis(probabilities, order, axis=1).cumsum(axis=1)
    adapted = np.empty_like(mass)
    np.put_along_axis(adapted, order, mass, axis=1)
    return adapted


def fit_conformal(
    probabilities: ArrayLike, labels: ArrayLike, level: float = 0.9, score: Score = "lac"
) -> ConformalRule:
    """The rule whose sets hold the true class at ``level``, from *validation* probabilities (N, K) and labels (N,).

    The threshold is the ceil((N + 1) level) / N quantile of the true classes' scores (Angelopoulos and Bates 2021,
    eq. 1); too few images for a level give sets of all classes.

    Raises:
        ValueError: the level is not between 0 and 1, or there is no image.
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if not 0 < level < 1 or not len(p):
        raise ValueError(f"a conformal rule needs a level in 0..1 and at least one image, got {level} and {len(p)}")
    own = np.sort(scores(p, score)[np.arange(len(p)), y])
    rank = math.ceil((len(p) + 1) * level)
    threshold = float(own[rank - 1]) if rank <= len(p) else math.inf
    return ConformalRule(level, threshold, score, len(p))


def coverage(rule: ConformalRule, probabilities: ArrayLike, labels: ArrayLike) -> Coverage:
    """How the rule does on labelled images: probabilities (N, K), labels (N,); NaN for a class without images."""
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    chosen = rule.sets(p)
    hit = chosen[np.arange(len(p)), y]
    sizes = chosen.sum(axis=1)
    by_class = tuple(float(hit[y == k].mean()) if (y == k).any() else math.nan for k in range(p.shape[1]))
    return Coverage(len(p), float(hit.mean()), float(sizes.mean()), float((sizes == 1).mean()), by_class)
