"""Which faces to look at: those of a cell of a confusion matrix, and all kinds of narrower questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fer_explain.benchmark.calibration import Integers, cross_entropy
from fer_explain.benchmark.saved import Saved
from fer_explain.benchmark.statistics import Doubles
from fer_explain.errors import FerError

Outcome = Literal["any", "right", "wrong", "disagree"]
Order = Literal["loss", "disagreement", "row"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What the wanted faces have in common.

    Attributes:
        model: whose prediction, confidence and loss count.
        true: index of their true class; None means any.
        said: index of the class the model predicts; None means any.
        against: another model: exactly one of the two says ``said``, as in a cell of the difference of two matrices.
        outcome: the model is ``right`` or ``wrong``, or the models do not all ``disagree`` on one class.
        low, high: confidence of the model, in 0..1, ends included.
        duplicates: True for near-duplicates of training images only, False for all others; None means both.
        disputed: only faces whose label the voters of FER+ did not choose.
        order: largest ``loss`` first, largest ``disagreement`` of the models first, or by row id.
    """

    model: str
    true: int | None = None
    said: int | None = None
    against: str | None = None
    outcome: Outcome = "any"
    low: float = 0.0
    high: float = 1.0
    duplicates: bool | None = None
    disputed: bool = False
    order: Order = "loss"


def select(
    models: Sequence[Saved],
    wanted: Selection,
    leaked: Integers | None = None,
    disputed: Integers | None = None,
) -> Integers:
    """Row ids (F,) of the faces, in the wanted order.

    Args:
        models: aligned predictions, see :func:`fer_explain.benchmark.saved.align`.
        wanted: the question.
        leaked: row ids of near-duplicates of training images; None where they are not known.
        disputed: row ids whose label FER+'s voters did not choose; None where there are no votes.

    Raises:
        FerError: there is no such model, or the question needs what is not known.
    """
    one = _named(models, wanted.model)
    keep = _cell(one, wanted) if wanted.against is None else _cell(one, wanted) ^ _cell(
        _named(models, wanted.against), wanted
    )  # fmt: skip
    confidence = one.probabilities.max(axis=1)
    keep &= (confidence >= wanted.low) & (confidence <= wanted.high)
    if wanted.outcome == "disagree":
        keep &= np.any([model.predicted != one.predicted for model in models], axis=0)
    elif wanted.outcome != "any":
        keep &= one.correct == (wanted.outcome == "right")
    if wanted.duplicates is not None:
        keep &= np.isin(one.rows, _known(leaked, "which test images have duplicates")) == wanted.duplicates
    if wanted.disputed:
        keep &= np.isin(one.rows, _known(disputed, "the votes of FER+"))
    rows: Integers = one.rows[keep]
    return rows[np.argsort(-_rank(models, one, wanted.order)[keep], kind="stable")]


def losses(model: Saved) -> Doubles:
    """Negative log-likelihood (N,) of the true class, calibrated, in nats."""
    return cross_entropy(model.logits, model.labels, model.temperature)


def disagreement(models: Sequence[Saved]) -> Doubles:
    """How far the models' probabilities (M models, N images) lie apart: Jensen-Shannon divergence (N,) in nats.

    The entropy of the mean minus the mean of the entropies (Lin 1991, eq. 5.1): 0 when all say the same.
    """
    p = np.stack([model.probabilities for model in models])
    apart: Doubles = _entropy(p.mean(axis=0)) - _entropy(p).mean(axis=0)
    return apart


def _entropy(p: Doubles) -> Doubles:
    entropy: Doubles = -(p * np.log(np.maximum(p, np.finfo(np.float64).tiny))).sum(axis=-1)
    return entropy


def _cell(model: Saved, wanted: Selection) -> NDArray[np.bool_]:
    keep = np.ones(len(model), dtype=bool)
    if wanted.true is not None:
        keep &= model.labels == wanted.true
    if wanted.said is not None:
        keep &= model.predicted == wanted.said
    return keep


def _rank(models: Sequence[Saved], one: Saved, order: Order) -> Doubles:
    if order == "loss":
        return losses(one)
    if order == "disagreement":
        return disagreement(models)
    ascending: Doubles = -one.rows.astype(np.float64)
    return ascending


def _named(models: Sequence[Saved], name: str) -> Saved:
    for model in models:
        if model.name == name:
            return model
    raise FerError(f"There is no model '{name}' among the chosen ones: {', '.join(model.name for model in models)}.")


def _known(rows: Integers | None, what: str) -> Integers:
    if rows is None:
        raise FerError(
            f"It is not known {what}." if what.startswith("which") else f"The data set does not have {what}."
        )
    return rows
