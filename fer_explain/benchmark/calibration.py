"""Calibrated probabilities: temperature scaling and the reliability of a confidence (Guo et al. 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_explain.benchmark.statistics import Doubles

# SciPy is imported where it is used: its import takes most of a second, and the page is not to wait for that.
Integers = NDArray[np.int64]

BINS = 15
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Confidence against accuracy over equal-width bins of confidence; an empty bin holds 0 in every array.

    Attributes:
        edges: (B + 1,) borders of the bins from 0 to 1; bin i is the half-open (edges[i], edges[i + 1]].
        counts: (B,) images per bin.
        confidence: (B,) mean confidence per bin.
        accuracy: (B,) share of right predictions per bin.
    """

    edges: Doubles
    counts: Integers
    confidence: Doubles
    accuracy: Doubles

    @property
    def ece(self) -> float:
        """Expected calibration error in 0..1 (Guo et al. 2017, eq. 3)."""
        return float(np.abs(self.accuracy - self.confidence) @ self.counts / self.counts.sum())


def softmax(logits: ArrayLike, temperature: float = 1.0) -> Doubles:
    """Probabilities (..., K) of logits (..., K) divided by ``temperature``."""
    from scipy.special import softmax as scipy_softmax

    probabilities: Doubles = scipy_softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=-1)
    return probabilities


def cross_entropy(logits: ArrayLike, labels: ArrayLike, temperature: float = 1.0) -> Doubles:
    """Negative log-likelihood (N,) in nats of the true ``labels`` (N,) under softmax(logits (N, K) / temperature)."""
    from scipy.special import log_softmax

    log_probabilities = log_softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)
    losses: Doubles = -np.take_along_axis(log_probabilities, np.asarray(labels)[:, None], axis=1)[:, 0]
    return losses


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature in 0.05..20 that minimises the NLL of ``labels`` (N,) given ``logits`` (N, K).

    To be fitted on *validation* logits. Searched on a log scale, where doubling and halving weigh the same; the NLL is
    convex in 1 / T, so the minimum found is the only one. A model without an error there ends at the lower bound.

    Raises:
        ValueError: there are no logits to fit on.
    """
    values = np.asarray(logits, dtype=np.float64)
    if not values.size:
        raise ValueError("a temperature can only be fitted on at least one image, got none")

    def loss(log_temperature: float) -> float:
        return float(cross_entropy(values, labels, math.exp(log_temperature)).mean())

    low, high = TEMPERATURES
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(loss, bounds=(math.log(low), math.log(high)), method="bounded", options={"xatol": 1e-6})
    return math.exp(found.x)


def bin_of(confidence: Doubles, bins: int = BINS) -> Integers:
    """Index (N,) of the half-open bin (i / bins, (i + 1) / bins] that holds each confidence (N,) in 0..1."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def reliability(probabilities: Doubles, labels: ArrayLike, bins: int = BINS) -> Reliability:
    """How often the most probable class is right, by how probable it was said to be.

    Args:
        probabilities: (N, K), rows summing to 1.
        labels: (N,) class indices.
        bins: number of equal-width bins.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == np.asarray(labels)
    index = bin_of(confidence, bins)
    counts = np.bincount(index, minlength=bins)
    filled = np.maximum(counts, 1)
    return Reliability(
        edges=np.linspace(0, 1, bins + 1),
        counts=counts,
        confidence=np.bincount(index, confidence, bins) / filled,
        accuracy=np.bincount(index, correct, bins) / filled,
    )
