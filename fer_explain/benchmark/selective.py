"""What a model gains by keeping silent on its least confident faces: risk-coverage and abstention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fer_explain.benchmark.statistics import Doubles


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Error among the most confident images (El-Yaniv and Wiener 2010).

    Attributes:
        coverage: (N,) share of images answered, from 1/N to 1.
        risk: (N,) share of wrong answers among them.
        confidence: (N,) the confidence of the last one answered.
    """

    coverage: Doubles
    risk: Doubles
    confidence: Doubles

    @property
    def area(self) -> float:
        """Area under the risk-coverage curve (AURC, Geifman et al. 2019): 0 is perfect, the error rate is chance."""
        return float(self.risk.mean())


def risk_coverage(probabilities: ArrayLike, labels: ArrayLike) -> RiskCoverage:
    """The curve for probabilities (N, K) and labels (N,), most confident first.

    Images of equal confidence cannot be told apart, so each counts with the mean error of its group.

    Raises:
        ValueError: there is no image.
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if not len(p):
        raise ValueError("a risk-coverage curve needs at least one image, got none")
    confidence = p.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    wrong = (p.argmax(axis=1) != y)[order].astype(np.float64)
    _, group, counts = np.unique(-confidence[order], return_inverse=True, return_counts=True)
    wrong = (np.bincount(group, wrong) / counts)[group]
    answered = np.arange(1, len(p) + 1)
    return RiskCoverage(answered / len(p), wrong.cumsum() / answered, confidence[order])


def abstention_threshold(probabilities: ArrayLike, labels: ArrayLike, accuracy: float) -> float | None:
    """The smallest confidence above which *validation* answers are right at ``accuracy`` or more; None if none is.

    Of all such thresholds it is the one that answers the most.
    """
    curve = risk_coverage(probabilities, labels)
    reached = np.flatnonzero(curve.risk <= 1 - accuracy + 1e-12)
    return float(curve.confidence[reached[-1]]) if len(reached) else None
