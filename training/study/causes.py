"""What each cause is worth: the main effects of a study's factors on each of its measures.

A variant with a seed is one training. Two things make a difference uncertain. Other *images* give another score: the
paired bootstrap over images, of scores averaged over seeds, tells that. Another *training* gives another network: two
or three seeds of one difference say little about its spread, so the spread is pooled over all variants, as in a design
of randomised blocks: what is left of the variants' scores when the means of variant and seed are taken away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import t as student

from fer_explain.benchmark.comparison import ALPHA, holm
from fer_explain.benchmark.statistics import LEVEL, Doubles, Interval, bootstrap_means, percentile_interval
from fer_explain.errors import FerError
from training.study.plan import Study
from training.study.scores import Scores

Measured = Mapping[str, Mapping[str, Mapping[int, Scores]]]  # measure -> variant -> seed -> its scores

_LOST: Final = 1e-9  # what is smaller is rounding


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
        freedom: degrees of freedom of that spread.
        p_value: of the t test over trainings; 1 where there is none.
        adjusted_p: after Holm's correction for all differences that were asked for together.
        n: images.
    """

    contrast: Contrast
    measure: str
    value: float
    of_seed: tuple[float, ...]
    images: Interval
    trainings: Interval | None
    freedom: int
    p_value: float
    adjusted_p: float
    n: int

    @property
    def is_certain(self) -> bool:
        """Whether there is evidence of a difference: intervals without zero, and a corrected p-value below 0.05."""
        excluded = self.trainings is not None and self.trainings.excludes_zero and self.images.excludes_zero
        return excluded and self.adjusted_p < ALPHA


def contrasts(study: Study) -> list[Contrast]:
    """The reference's score, each level against its factor's first averaged over the other factors, and all changed.

    The last, as a difference and as a score, only where there are several factors, of two levels each.
    """
    first, last = study.variants[0].name, study.variants[-1].name
    found = [Contrast(f"with none of it: {first}", {first: 1.0})]
    for factor, levels in study.factors.items():
        found += [_against(study, factor, level) for level in levels[1:]]
    if len(study.factors) > 1 and all(len(levels) == 2 for levels in study.factors.values()):
        found += [Contrast("all together", {last: 1.0, first: -1.0}), Contrast(f"with all of it: {last}", {last: 1.0})]
    return found


def variant_scores(study: Study) -> list[Contrast]:
    """The score of each variant."""
    return [Contrast(variant.name, {variant.name: 1.0}) for variant in study.variants]


def variant_differences(study: Study) -> list[Contrast]:
    """Each other variant against the reference."""
    reference, *others = (variant.name for variant in study.variants)
    return [Contrast(name, {name: 1.0, reference: -1.0}) for name in others]


def worths(asked: Sequence[Contrast], measured: Measured) -> list[Worth]:
    """The contrasts on each measure, over the seeds that all variants with a finished one have.

    A contrast of which a variant has no finished seed is left out. Holm's correction is over all differences together.

    Raises:
        FerError: the variants were judged on different images.
    """
    found = [one for measure, of_variant in measured.items() for one in _on_measure(asked, measure, of_variant)]
    differences = [place for place, one in enumerate(found) if one.contrast.is_difference]
    for place, p in zip(differences, holm([found[place].p_value for place in differences]), strict=True):
        found[place] = replace(found[place], adjusted_p=float(p))
    return found


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
            "p": one.p_value if one.trainings else None,
            "adjusted_p": one.adjusted_p if one.trainings else None,
            "certain": one.is_certain,
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
    error, freedom = _error(scores.mean(2))
    found = []
    for place, one in enumerate(known):
        value = float(of_image[:, place].mean())
        images = percentile_interval(drawn[:, place], value)
        trainings, p = None, 1.0
        if freedom and one.is_difference:
            trainings, p = _over_trainings(value, error * float(np.linalg.norm(weights[place])), freedom)
        seen = tuple(map(float, of_seed[place]))
        found.append(Worth(one, measure, value, seen, images, trainings, freedom, p, p, scores.shape[2]))
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


def _error(means: Doubles) -> tuple[float, int]:
    """Standard error of one variant's mean over seeds, of means (V, S), and its degrees of freedom; 0 for one seed."""
    variants, seeds = means.shape
    freedom = (variants - 1) * (seeds - 1)
    left = means - means.mean(0) - means.mean(1, keepdims=True) + means.mean()
    return float(np.sqrt((left**2).sum() / max(1, freedom) / seeds)), freedom


def _over_trainings(value: float, error: float, freedom: int) -> tuple[Interval, float]:
    """95 % t interval, and the p-value of its being zero."""
    if error < _LOST:
        return Interval(value, value), float(abs(value) < _LOST)
    reach = float(student.ppf((1 + LEVEL) / 2, freedom)) * error
    return Interval(value - reach, value + reach), float(2 * student.sf(abs(value) / error, freedom))
