"""Precision, recall and F1 of each class with bootstrap intervals, from saved predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.saved import Saved
from fer_explain.benchmark.statistics import Doubles, Interval, bootstrap_means, percentile_interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score in 0..1 with its 95 % interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class ClassEstimates:
    """One class: TP / (TP + FP), TP / (TP + FN), their harmonic mean, and its number of images."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int


def confusion_counts(model: Saved) -> Integers:
    """Images by true class (rows) and predicted class (columns): (K, K)."""
    classes = len(model.label_names)
    cells = model.labels * classes + model.predicted
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def class_estimates(model: Saved, repeats: int = 1000, seed: int = 0) -> dict[str, ClassEstimates]:
    """Scores by class name. A score without a denominator (a class never said) is 0, as scikit-learn has it.

    All scores of a replicate come from the same resampled images.
    """
    classes = np.arange(len(model.label_names))
    true, said = model.labels[:, None] == classes, model.predicted[:, None] == classes
    columns = np.concatenate([true & said, true, said], axis=1).astype(np.float64)
    samples = _scores(bootstrap_means(columns, repeats, seed))
    values = _scores(columns.mean(axis=0, keepdims=True))[:, 0]
    support = true.sum(axis=0)

    def estimate(score: int, k: int) -> Estimate:
        value = float(values[score, k])
        return Estimate(value, percentile_interval(samples[score, :, k], value))

    return {
        name: ClassEstimates(estimate(0, k), estimate(1, k), estimate(2, k), int(support[k]))
        for k, name in enumerate(model.label_names)
    }


def _scores(shares: Doubles) -> Doubles:
    """(R, 3 K) shares of hits, images and answers per class -> (3, R, K): precision, recall, F1."""
    hits, images, answers = np.split(shares, 3, axis=1)
    return np.stack([_ratio(hits, answers), _ratio(hits, images), _ratio(2 * hits, images + answers)])


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
