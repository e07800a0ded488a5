"""Is it really better? Two models on the same images, many models with a correction, and the sentence in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_explain.benchmark.saved import Saved, align
from fer_explain.benchmark.statistics import (
    LEVEL,
    Difference,
    Doubles,
    McNemar,
    mcnemar,
    paired_bootstrap_difference,
)
from fer_explain.errors import FerError

ALPHA = 1 - LEVEL


@dataclass(frozen=True, slots=True)
class Comparison:
    """Accuracy of model ``a`` against model ``b`` on ``n`` common images.

    Attributes:
        a, b: names.
        n: common images.
        difference: accuracy of a minus accuracy of b, with its paired 95 % bootstrap interval.
        test: McNemar's exact test.
        adjusted_p: its p-value after Holm's correction for all pairs compared together; equal to it for one pair.
    """

    a: str
    b: str
    n: int
    difference: Difference
    test: McNemar
    adjusted_p: float

    @property
    def better(self) -> str | None:
        """The better model's name; None where there is no evidence of a difference.

        Evidence takes both: an interval without zero, and a corrected p-value below 0.05.
        """
        if not self.difference.interval.excludes_zero or self.adjusted_p >= ALPHA:
            return None
        return self.a if self.difference.value > 0 else self.b

    @property
    def sentence(self) -> str:
        """The outcome in words, in points of accuracy."""
        low, high = (f"{100 * end:.1f}" for end in self.difference.interval)
        numbers = f"{100 * self.difference.value:+.1f} points, 95 % interval {low} to {high}, n = {self.n:,}"
        if self.better is None:
            return f"No evidence of a difference between {self.a} and {self.b}: {numbers}."
        worse = self.b if self.better == self.a else self.a
        return f"{self.better} is better than {worse}: {self.a} minus {self.b} is {numbers}."


def compare(a: Saved, b: Saved, keep: ArrayLike | None = None, repeats: int = 1000, seed: int = 0) -> Comparison:
    """Two models on the images both judged.

    Args:
        a, b: predictions on the same split.
        keep: row ids to compare on, e.g. test images without a duplicate in training; None means all.
        repeats: bootstrap replicates.
        seed: of the bootstrap.

    Raises:
        FerError: no image in common, other classes, or other labels.
    """
    first, second = (_kept(model, keep) for model in align([a, b]))
    difference = paired_bootstrap_difference(first.correct, second.correct, repeats, seed)
    test = mcnemar(first.correct, second.correct)
    return Comparison(a.name, b.name, len(first), difference, test, test.p_value)


def compare_all(models: Sequence[Saved], keep: ArrayLike | None = None, repeats: int = 1000) -> list[Comparison]:
    """Every pair of models, with Holm's correction over all pairs; as :func:`compare`."""
    pairs = [compare(a, b, keep, repeats) for a, b in combinations(models, 2)]
    adjusted = holm([pair.test.p_value for pair in pairs])
    return [
        Comparison(pair.a, pair.b, pair.n, pair.difference, pair.test, float(p))
        for pair, p in zip(pairs, adjusted, strict=True)
    ]


def compare_classes(a: Saved, b: Saved, repeats: int = 1000) -> dict[str, Comparison]:
    """Two models on the images of each class (a comparison of recalls), with Holm's correction over the classes.

    A class without images is left out.
    """
    first, second = align([a, b])
    present = [index for index in range(len(first.label_names)) if (first.labels == index).any()]
    per_class = [compare(first, second, first.rows[first.labels == index], repeats) for index in present]
    adjusted = holm([entry.test.p_value for entry in per_class])
    return {
        first.label_names[index]: Comparison(a.name, b.name, entry.n, entry.difference, entry.test, float(p))
        for index, entry, p in zip(present, per_class, adjusted, strict=True)
    }


def holm(p_values: ArrayLike) -> Doubles:
    """p-values (P,) adjusted by Holm's (1979) step-down method, in the order given; in 0..1."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)) if len(p) else p
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def agreement(models: Sequence[Saved]) -> Doubles:
    """Share (M, M) of common images on which two models predict the same class; ones on the diagonal."""
    predicted = [model.predicted for model in align(models)]
    return np.array([[float((one == other).mean()) for other in predicted] for one in predicted])


def _kept(model: Saved, keep: ArrayLike | None) -> Saved:
    if keep is None:
        return model
    rows: NDArray[Any] = np.intersect1d(model.rows, np.asarray(keep))
    if not len(rows):
        raise FerError("None of the images to compare on was judged by both models.")
    return model.take(rows)
