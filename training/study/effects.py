"""What the variants of a study differ in: means over seeds, differences with two kinds of interval, and words.

Two things make a difference uncertain. Another *seed* gives another network: the t interval over seeds, paired by seed,
tells how much that matters. Other *images* give another score: the paired bootstrap interval over images, of scores
averaged over seeds, tells that. "Better" takes both, and a p-value that survives Holm's correction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from fer_explain.benchmark.comparison import ALPHA, Comparison, compare, holm
from fer_explain.benchmark.saved import Saved, align
from fer_explain.benchmark.statistics import LEVEL, Difference, Doubles, Interval, paired_bootstrap_difference
from fer_explain.errors import FerError
from training.study.plan import Study

Replicates = Mapping[str, Mapping[int, Saved]]  # variant -> seed -> its predictions, the folds pooled

_LOST: Final = 1e-12  # a spread over seeds below this is rounding


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over ``n`` seeds with its 95 % t interval; None for a single seed."""

    value: float
    interval: Interval | None
    p_value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Effect:
    """Accuracy of ``a`` minus accuracy of ``b``, over seeds that both have.

    Attributes:
        a, b: variants, or levels of a factor whose other factors are averaged over.
        seeds: the mean over seeds of the difference, in 0..1, paired by seed.
        images: the same difference with its paired bootstrap interval over images.
        n: images.
        p_value: of the t test over seeds; with a single seed of McNemar's exact test.
        adjusted_p: after Holm's correction for all effects of the study.
    """

    a: str
    b: str
    seeds: Mean
    images: Difference
    n: int
    p_value: float
    adjusted_p: float

    @property
    def better(self) -> str | None:
        """The better one's name; None where there is no evidence of a difference."""
        over_seeds = self.seeds.interval is None or self.seeds.interval.excludes_zero
        if not over_seeds or not self.images.interval.excludes_zero or self.adjusted_p >= ALPHA:
            return None
        return self.a if self.images.value > 0 else self.b

    @property
    def sentence(self) -> str:
        """The outcome in words, in points of accuracy."""
        if self.better == self.b:
            return self._reversed().sentence
        over = f"95 % interval over n = {self.n:,} images {_ends(self.images.interval)}"
        if self.seeds.interval is None:
            over += "; one seed, and another may say otherwise"
        else:
            over += f", over {self.seeds.n} seeds {_ends(self.seeds.interval)}"
        if self.better is None:
            between = f"between {self.a} and {self.b}"
            return f"No evidence of a difference {between}: {100 * self.seeds.value:+.1f} points ({over})."
        return f"{self.a} is better than {self.b} by {100 * self.seeds.value:.1f} points ({over})."

    def _reversed(self) -> Effect:
        """The same told from the other side: accuracy of ``b`` minus accuracy of ``a``."""
        interval = self.seeds.interval
        seeds = replace(self.seeds, value=-self.seeds.value, interval=interval and _negative(interval))
        images = Difference(-self.images.value, _negative(self.images.interval))
        return replace(self, a=self.b, b=self.a, seeds=seeds, images=images)


def mean_over_seeds(values: ArrayLike) -> Mean:
    """The mean of one value per seed (S,), with Student's t interval and the p-value of its being zero."""
    given = np.asarray(values, dtype=np.float64)
    mean, n = float(given.mean()), len(given)
    if n < 2:
        return Mean(mean, None, None, n)
    error = float(given.std(ddof=1)) / n**0.5
    if error < _LOST:
        return Mean(mean, Interval(mean, mean), float(abs(mean) < _LOST), n)
    reach = float(student.ppf((1 + LEVEL) / 2, n - 1)) * error
    return Mean(mean, Interval(mean - reach, mean + reach), float(2 * student.sf(abs(mean) / error, n - 1)), n)


def effects(study: Study, replicates: Replicates) -> list[Effect]:
    """Every variant against the reference; in a grid also every level of a factor against its first.

    The latter are averaged over the levels of the other factors, and need two seeds or more. Holm's correction is over
    all of them together. A variant without a finished seed is left out.

    Raises:
        FerError: two variants were judged on different images.
    """
    reference, *others = (variant.name for variant in study.variants)
    made = [_effect(name, reference, [name], [reference], replicates) for name in others]
    if len(study.factors) > 1:
        made += [_main_effect(study, factor, level, replicates) for factor, level in _levels(study)]
    found = [effect for effect in made if effect]
    adjusted = holm([effect.p_value for effect in found])
    return [replace(effect, adjusted_p=float(p)) for effect, p in zip(found, adjusted, strict=True)]


def pairs(replicates: Replicates) -> dict[int, list[Comparison]]:
    """Every two variants of the same seed on the same images, McNemar's p-values corrected over all of them.

    Raises:
        FerError: two variants were judged on different images.
    """
    seeds = sorted({seed for of_seed in replicates.values() for seed in of_seed})
    found = {
        seed: [compare(a, b) for a, b in combinations([of[seed] for of in replicates.values() if seed in of], 2)]
        for seed in seeds
    }
    adjusted = iter(holm([pair.test.p_value for of_seed in found.values() for pair in of_seed]).tolist())
    return {seed: [replace(pair, adjusted_p=next(adjusted)) for pair in of_seed] for seed, of_seed in found.items()}


def _levels(study: Study) -> list[tuple[str, str]]:
    return [(factor, level) for factor, levels in study.factors.items() for level in levels[1:]]


def _main_effect(study: Study, factor: str, level: str, replicates: Replicates) -> Effect | None:
    """A level against its factor's first, averaged over the other factors; None with fewer than two whole seeds."""
    first = study.factors[factor][0]
    a, b = ([variant.name for variant in study.variants if variant.levels[factor] == one] for one in (level, first))
    if len(_common_seeds([*a, *b], replicates)) < 2:
        return None
    others = " and ".join(name for name in study.factors if name != factor)
    return _effect(f"{level} (averaged over {others})", first, a, b, replicates)


def _effect(name_a: str, name_b: str, a: Sequence[str], b: Sequence[str], replicates: Replicates) -> Effect | None:
    seeds = _common_seeds([*a, *b], replicates)
    if not seeds:
        return None
    scores = _correct([*a, *b], seeds, replicates)
    first, second = scores[: len(a)].mean(0), scores[len(a) :].mean(0)  # (S, N) each
    over_seeds = mean_over_seeds((first - second).mean(1))
    images = paired_bootstrap_difference(first.mean(0), second.mean(0))
    p = over_seeds.p_value
    if p is None:
        p = compare(replicates[a[0]][seeds[0]], replicates[b[0]][seeds[0]]).test.p_value
    return Effect(name_a, name_b, over_seeds, images, scores.shape[2], p, p)


def _common_seeds(variants: Sequence[str], replicates: Replicates) -> list[int]:
    return sorted(set.intersection(*(set(replicates.get(variant, {})) for variant in variants)))


def _correct(variants: Sequence[str], seeds: Sequence[int], replicates: Replicates) -> Doubles:
    """Who was right: (V, S, N) of 0 and 1.

    Raises:
        FerError: the variants were judged on different images.
    """
    judged = [replicates[variant][seed] for variant in variants for seed in seeds]
    if any(len(one) != len(judged[0]) for one in judged) or len(align(judged)[0]) != len(judged[0]):
        raise FerError(
            f"{variants[0]} and {variants[-1]} were judged on different images; use one data set throughout."
        )
    return np.array([one.correct for one in judged], np.float64).reshape(len(variants), len(seeds), -1)


def _negative(interval: Interval) -> Interval:
    return Interval(-interval.high, -interval.low)


def _ends(interval: Interval) -> str:
    low, high = (f"{100 * end:.1f}" for end in interval)
    return f"{low} to {high}"
