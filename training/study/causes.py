"""What each cause is worth: the main effects of a study's factors on each of its measures.

A variant with a seed is one training. Two things make a difference uncertain. Other *images* give another score: the
paired bootstrap over images, of scores averaged over seeds, tells that. Another *training* gives another network: two
or three seeds of one difference say little about its spread, so the spread is pooled over all variants, as in a design
of randomised blocks: what is left of the variants' scores when the means of variant and seed are taken away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import t as student

from fer_explain.benchmark.statistics import LEVEL, Doubles, Interval, bootstrap_means, percentile_interval
from fer_explain.errors import FerError
from training.study.plan import Study
from training.study.scores import Scores

Measured = Mapping[str, Mapping[str, Mapping[int, Scores]]]  # measure -> variant -> seed -> its scores

_LOST: Final = 1e-9  # weights that sum to less belong to a difference


@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum of the variants' scores: of weights that sum to 1 a score, to 0 a difference."""

    name: str
    weights: dict[str, float]

    @property
    def is_difference(self) -> bool:
        """Whether it is one, and not a score."""
        return abs(sum(self.weights.values())) < _LOST


@dataclass(frozen=True, slots=True)
class Worth:
    """A contrast on one measure, in 0..1.

    Attributes:
        contrast: what it is.
        measure: where.
        value: the mean over seeds.
        of_seed: by seed.
        images: 95 % paired bootstrap interval over images, of scores averaged over seeds.
        trainings: 95 % t interval over trainings, the spread pooled over all variants; None for a score or one seed.
        n: images.
    """

    contrast: Contrast
    measure: str
    value: float
    of_seed: tuple[float, ...]
    images: Interval
    trainings: Interval | None
    n: int

    @property
    def is_certain(self) -> bool:
        """Whether neither other images nor other trainings are likely to turn the sign."""
        return self.trainings is not None and self.trainings.excludes_zero and self.images.excludes_zero


def contrasts(study: Study) -> list[Contrast]:
    """The reference's score, each level against its factor's first averaged over the other factors, and all changed.

    The last, as a difference and as a score, only where there are several factors, of two levels each.
    """
    first, last = study.variants[0].name, study.variants[-1].name
    found = [Contrast(f"reference: {first}", {first: 1.0})]
    for factor, levels in study.factors.items():
        found += [_against(study, factor, level) for level in levels[1:]]
    if len(study.factors) > 1 and all(len(levels) == 2 for levels in study.factors.values()):
        found += [Contrast("all of them", {last: 1.0, first: -1.0}), Contrast(f"all changed: {last}", {last: 1.0})]
    return found


def variant_scores(study: Study) -> list[Contrast]:
    """The score of each variant."""
    return [Contrast(variant.name, {variant.name: 1.0}) for variant in study.variants]


def worths(asked: Sequence[Contrast], measured: Measured) -> list[Worth]:
    """The contrasts on each measure, over the seeds that all variants with a finished one have.

    A contrast of which a variant has no finished seed is left out.

    Raises:
        FerError: the variants were judged on different images.
    """
    return [one for measure, of_variant in measured.items() for one in _on_measure(asked, measure, of_variant)]


def common_seeds(of_variant: Mapping[str, Mapping[int, Scores]]) -> list[int]:
    """The seeds that all variants with a finished one have."""
    finished = [set(of_seed) for of_seed in of_variant.values() if of_seed]
    return sorted(set.intersection(*finished)) if finished else []


def as_numbers(found: Sequence[Worth]) -> pd.DataFrame:
    """One row per contrast and measure."""
    return pd.DataFrame(
        {
            "measure": one.measure,
            "what": one.contrast.name,
            "kind": "difference" if one.contrast.is_difference else "score",
            "n": one.n,
            "seeds": len(one.of_seed),
            "value": one.value,
            "images_low": one.images.low,
            "images_high": one.images.high,
            "trainings_low": None if one.trainings is None else one.trainings.low,
            "trainings_high": None if one.trainings is None else one.trainings.high,
            "of_seed": " ".join(f"{value:.6g}" for value in one.of_seed),
        }
        for one in found
    )


def _against(study: Study, factor: str, level: str) -> Contrast:
    """A level against the first of its factor, averaged over the other factors."""
    first = study.factors[factor][0]
    share = len(study.factors[factor]) / len(study.variants)
    signs = {level: share, first: -share}
    weights = {one.name: signs[one.levels[factor]] for one in study.variants if one.levels[factor] in signs}
    return Contrast(f"{factor}: {level} instead of {first}", weights)


def _on_measure(asked: Sequence[Contrast], measure: str, of_variant: Mapping[str, Mapping[int, Scores]]) -> list[Worth]:
    names, seeds = [name for name, of_seed in of_variant.items() if of_seed], common_seeds(of_variant)
    known = [one for one in asked if one.weights.keys() <= set(names)]
    if not seeds or not known:
        return []
    scores = _grid([[of_variant[name][seed] for seed in seeds] for name in names], measure)
    weights = np.array([[one.weights.get(name, 0.0) for name in names] for one in known])  # (F, V)
    of_image = scores.mean(1).T @ weights.T  # (N, F)
    of_seed, drawn = weights @ scores.mean(2), bootstrap_means(of_image)  # (F, S), (repeats, F)
    error = _error(scores.mean(2))
    found = []
    for place, one in enumerate(known):
        value = float(of_image[:, place].mean())
        trainings = None
        if error is not None and one.is_difference:
            reach = error * float(np.linalg.norm(weights[place]))
            trainings = Interval(value - reach, value + reach)
        images = percentile_interval(drawn[:, place], value)
        seen = tuple(map(float, of_seed[place]))
        found.append(Worth(one, measure, value, seen, images, trainings, scores.shape[2]))
    return found


def _grid(runs: Sequence[Sequence[Scores]], measure: str) -> Doubles:
    """Scores (V, S, N).

    Raises:
        FerError: two runs were judged on different images.
    """
    rows = runs[0][0].rows
    if not all(np.array_equal(run.rows, rows) for of_variant in runs for run in of_variant):
        raise FerError(f"{measure}: two runs were judged on different images; use one data set throughout.")
    return np.array([[run.values for run in of_variant] for of_variant in runs])


def _error(means: Doubles) -> float | None:
    """Half the width of the 95 % t interval of one variant's mean over seeds, of means (V, S); None for one seed."""
    variants, seeds = means.shape
    free = (variants - 1) * (seeds - 1)
    if not free:
        return None
    left = means - means.mean(0) - means.mean(1, keepdims=True) + means.mean()
    return float(student.ppf((1 + LEVEL) / 2, free) * np.sqrt((left**2).sum() / free / seeds))
