"""Predictions that checkpoints saved: put on common rows, joined into an ensemble. No network is run.

:func:`fer_explain.hub.predictions.read_saved` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_explain.benchmark.calibration import Integers, fit_temperature, softmax
from fer_explain.benchmark.statistics import Doubles
from fer_explain.errors import FerError


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """What one model said about each image of a split.

    Attributes:
        name: of the checkpoint or ensemble.
        split: ``validation`` or ``test``.
        rows: (N,) row ids of the data set, ascending.
        labels: (N,) true classes.
        logits: (N, K).
        temperature: fitted on validation; logits are divided by it.
        label_names: the K classes.
    """

    name: str
    split: str
    rows: Integers
    labels: Integers
    logits: Doubles
    temperature: float
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def probabilities(self) -> Doubles:
        """Calibrated probabilities (N, K)."""
        return softmax(self.logits, self.temperature)

    @property
    def predicted(self) -> Integers:
        """The most probable class (N,) of each image."""
        predicted: Integers = self.logits.argmax(axis=1)
        return predicted

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each (N,) was right."""
        right: NDArray[np.bool_] = self.predicted == self.labels
        return right

    def take(self, rows: Integers) -> Saved:
        """The same on some of its rows, given by row id."""
        index = np.searchsorted(self.rows, rows)
        return Saved(
            self.name,
            self.split,
            self.rows[index],
            self.labels[index],
            self.logits[index],
            self.temperature,
            self.label_names,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A model's predictions on the split that is looked at, and on validation, where its rules are fitted."""

    model: Saved
    validation: Saved


def align(models: Sequence[Saved]) -> list[Saved]:
    """The same models on the rows that all of them have.

    Raises:
        FerError: they have no row in common, other classes, or other labels for the same row.
    """
    if not models:
        return []
    first, *others = models
    rows = first.rows
    for other in others:
        if other.label_names != first.label_names or other.split != first.split:
            raise FerError(f"'{first.name}' and '{other.name}' were measured on other classes or another split.")
        rows = np.intersect1d(rows, other.rows)
    if not len(rows):
        raise FerError(f"{', '.join(model.name for model in models)} have no image in common.")
    aligned = [model.take(rows) for model in models]
    for other in aligned[1:]:
        if (other.labels != aligned[0].labels).any():
            raise FerError(f"'{first.name}' and '{other.name}' have other labels for the same rows: other data sets.")
    return aligned


def ensemble(models: Sequence[Saved], temperature: float = 1.0, name: str | None = None) -> Saved:
    """The mean of the models' calibrated probabilities, as a model of its own (Lakshminarayanan et al. 2017, eq. 4).

    Its ``logits`` are log-probabilities; pass the ``temperature`` that :func:`ensemble_temperature` finds.

    Raises:
        FerError: as :func:`align`; or there are fewer than two.
    """
    if len(models) < 2:
        raise FerError("An ensemble needs at least two models.")
    aligned = align(models)
    mean = np.mean([model.probabilities for model in aligned], axis=0)
    first = aligned[0]
    return Saved(
        name or " + ".join(model.name for model in models),
        first.split,
        first.rows,
        first.labels,
        np.log(np.maximum(mean, np.finfo(np.float64).tiny)),
        temperature,
        first.label_names,
    )


def ensemble_temperature(models: Sequence[Saved]) -> float:
    """The temperature that calibrates the ensemble of models, given their *validation* predictions."""
    joined = ensemble(models)
    return fit_temperature(joined.logits, joined.labels)
