"""What a checkpoint scores on one split, each number with its 95 % interval: the content of ``metrics.json``.

``metrics.json`` is ``{"splits": {"validation": Metrics.to_dict(), "test": ...}, "temperature": T, "settings": {"tta":
"none", ...}}``; :func:`headline` reads the one number out of it that tables and cards show.

Classes that do not occur: balanced accuracy averages the recalls of classes *with* images, macro F1 the F1 of classes
with images or predictions (both as scikit-learn does); a class without any has precision, recall and F1 0, never NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from fer_explain.benchmark.calibration import BINS, Integers, bin_of, cross_entropy, softmax
from fer_explain.benchmark.statistics import Doubles, Interval, bootstrap_means, percentile_interval
from fer_explain.errors import FerError


@dataclass(frozen=True, slots=True)
class ClassScores:
    """One class: precision TP / (TP + FP), recall TP / (TP + FN), their harmonic mean, and its number of images."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """All scores of one model on one split of ``n`` images.

    Attributes:
        n: number of images.
        labels: the K class names, in the order of ``confusion``.
        temperature: what the logits were divided by for ``nll`` and ``ece``.
        accuracy, balanced_accuracy, macro_f1, weighted_f1: in 0..1.
        nll: mean negative log-likelihood in nats, calibrated.
        ece: expected calibration error in 0..1 over 15 bins (Guo et al. 2017), calibrated.
        ece_uncalibrated: the same before temperature scaling.
        classes: scores by class name.
        confusion: K rows (true class) of K counts (predicted class).
        intervals: 95 % bootstrap interval over images of every scalar above, by its name.
    """

    n: int
    labels: tuple[str, ...]
    temperature: float
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    weighted_f1: float
    nll: float
    ece: float
    ece_uncalibrated: float
    classes: dict[str, ClassScores]
    confusion: tuple[tuple[int, ...], ...]
    intervals: dict[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values; an interval becomes ``[low, high]``."""
        return asdict(self) | {
            "labels": list(self.labels),
            "confusion": [list(row) for row in self.confusion],
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Metrics:
        """The inverse of :meth:`to_dict`.

        Raises:
            FerError: the data is not what :meth:`to_dict` writes.
        """
        try:
            nested = {
                "labels": tuple(data["labels"]),
                "classes": {name: ClassScores(**scores) for name, scores in data["classes"].items()},
                "confusion": tuple(tuple(row) for row in data["confusion"]),
                "intervals": {name: Interval(*interval) for name, interval in data["intervals"].items()},
            }
            return cls(**(dict(data) | nested))
        except (KeyError, TypeError, AttributeError) as error:
            raise FerError(f"These are not metrics that this version writes: {error}.") from None


class Headline(NamedTuple):
    """A checkpoint's one number: accuracy (0..1) on ``n`` images of ``split``, its 95 % interval, how it was taken."""

    accuracy: float
    low: float
    high: float
    n: int
    split: str = "test"
    tta: str = "none"

    def __str__(self) -> str:
        text = f"{self.accuracy:.1%} ({self.low:.1%} to {self.high:.1%}; {self.split}, n = {self.n:,}"
        return text.replace("%", " %") + (")" if self.tta == "none" else f", test-time augmentation: {self.tta})")


def headline(metrics: Mapping[str, Any], split: str = "test") -> Headline | None:
    """The headline of a ``metrics.json``; None when that split was not evaluated or is not readable as metrics."""
    try:
        scores = metrics["splits"][split]
        low, high = (float(end) for end in scores["intervals"]["accuracy"])
        tta = str(metrics.get("settings", {}).get("tta", "none"))
        return Headline(float(scores["accuracy"]), low, high, int(scores["n"]), split, tta)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def read_splits(metrics: Mapping[str, Any]) -> dict[str, Metrics]:
    """The scores in a ``metrics.json`` by split; {} when nothing was measured.

    Raises:
        FerError: they are not what this version writes.
    """
    splits = metrics.get("splits", {})
    if not isinstance(splits, Mapping):
        raise FerError(f"The metrics should hold scores by split, they hold a {type(splits).__name__}.")
    return {split: Metrics.from_dict(scores) for split, scores in splits.items()}


def evaluate(
    logits: ArrayLike,
    labels: ArrayLike,
    label_names: Sequence[str],
    temperature: float = 1.0,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Metrics:
    """Scores logits (N, K) against the true class indices ``labels`` (N,).

    Args:
        logits: (N, K), uncalibrated, finite.
        labels: (N,) integers in 0..K-1.
        label_names: the K class names.
        temperature: divides the logits for NLL and ECE; it cannot change the predicted class.
        bootstrap: replicates behind each interval.
        seed: of the replicates; the same seed gives the same intervals.

    Raises:
        FerError: no image, shapes that do not fit together, a label out of range, or logits that are not finite.
    """
    scores, truth = _checked(logits, labels, len(label_names))
    rows = _rows(scores, truth, temperature)
    values = {name: float(value[0]) for name, value in _scalars(rows.mean(axis=0)[None], len(label_names)).items()}
    replicates = _scalars(bootstrap_means(rows, bootstrap, seed), len(label_names))
    predicted, every_class = scores.argmax(axis=1), range(len(label_names))
    per_class = precision_recall_fscore_support(truth, predicted, labels=every_class, zero_division=0)
    return Metrics(
        n=len(truth),
        labels=tuple(label_names),
        temperature=float(temperature),
        classes={
            name: ClassScores(float(precision), float(recall), float(f1), int(support))
            for name, precision, recall, f1, support in zip(label_names, *per_class, strict=True)
        },
        confusion=tuple(tuple(row) for row in confusion_matrix(truth, predicted, labels=every_class).tolist()),
        intervals={name: percentile_interval(replicates[name], value) for name, value in values.items()},
        **values,
    )


def _checked(logits: ArrayLike, labels: ArrayLike, classes: int) -> tuple[Doubles, Integers]:
    scores, truth = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if not truth.size:
        raise FerError("There is nothing to evaluate: the split has no image.")
    if truth.ndim != 1 or scores.shape != (len(truth), classes):
        raise FerError(f"Expected logits of shape ({len(truth)}, {classes}) for the labels, got {scores.shape}.")
    if not np.issubdtype(truth.dtype, np.integer) or truth.min() < 0 or truth.max() >= classes:
        raise FerError(f"Labels must be whole numbers from 0 to {classes - 1}, got {truth.min()} to {truth.max()}.")
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores).all(axis=1))[0])
        raise FerError(f"The model's output for image {row} is not a finite number; it cannot be scored.")
    return scores, truth.astype(np.int64)


def _rows(logits: Doubles, labels: Integers, temperature: float) -> Doubles:
    """Per image (N, K * K + 1 + 2 * BINS): its cell of the confusion matrix, its NLL, its share of either ECE.

    Every scalar is a function of the mean of these rows, which makes a bootstrap replicate one product.
    """
    predicted = logits.argmax(axis=1)
    correct = predicted == labels
    cells = np.eye(logits.shape[1] ** 2)[labels * logits.shape[1] + predicted]

    def gaps(at: float) -> Doubles:
        confidence = softmax(logits, at).max(axis=1)
        by_bin: Doubles = np.eye(BINS)[bin_of(confidence)] * (correct - confidence)[:, None]
        return by_bin

    losses = cross_entropy(logits, labels, temperature)[:, None]
    return np.concatenate([cells, losses, gaps(temperature), gaps(1.0)], axis=1)


def _scalars(means: Doubles, classes: int) -> dict[str, Doubles]:
    """The scalars (R,) of R mean rows (R, K * K + 1 + 2 * BINS) of :func:`_rows`."""
    cells, nll, ece, ece_uncalibrated = np.split(means, np.cumsum([classes**2, 1, BINS]), axis=1)
    confusion = cells.reshape(-1, classes, classes)
    right, true, said = np.einsum("rkk->rk", confusion), confusion.sum(axis=2), confusion.sum(axis=1)
    recall = _ratio(right, true)
    f1 = _ratio(2 * right, true + said)
    return {
        "accuracy": right.sum(axis=1),
        "balanced_accuracy": recall.sum(axis=1) / (true > 0).sum(axis=1),
        "macro_f1": f1.sum(axis=1) / (true + said > 0).sum(axis=1),
        "weighted_f1": (f1 * true).sum(axis=1),
        "nll": nll[:, 0],
        "ece": np.abs(ece).sum(axis=1),
        "ece_uncalibrated": np.abs(ece_uncalibrated).sum(axis=1),
    }


def _ratio(part: Doubles, whole: Doubles) -> Doubles:
    """part / whole, and 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
