"""history.csv: how a training run went, epoch by epoch."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from fer_explain.errors import FerError
from fer_explain.hub.bounds import read_json
from fer_explain.hub.folder import CONFIG, HISTORY

_COLUMNS = ("epoch", "train_loss", "validation_loss", "validation_accuracy")


@dataclass(frozen=True, slots=True)
class History:
    """E epochs.

    Attributes:
        epochs: their numbers, from 1.
        train_loss, validation_loss: in nats; the training loss includes label smoothing and regularisers, so that the
            two need not be on one scale.
        validation_accuracy: in 0..1.
        keeps_last: whether the weights after the last epoch were kept, however good others were.
    """

    epochs: tuple[int, ...]
    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    keeps_last: bool = False

    @property
    def kept(self) -> int:
        """The place of the epoch that was kept: the last, or the first with the highest validation accuracy."""
        if self.keeps_last:
            return len(self.epochs) - 1
        return self.validation_accuracy.index(max(self.validation_accuracy))


def read_history(folder: Path) -> History | None:
    """The history of a checkpoint; None where there is none.

    Raises:
        FerError: the file is no history.
    """
    path = folder / HISTORY
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [[float(row[name]) for name in _COLUMNS] for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise FerError(f"{path} should hold the columns {', '.join(_COLUMNS)} of numbers: {error}.") from error
    if not all(math.isfinite(value) for row in rows for value in row):
        raise FerError(f"{path} holds a number that is not finite.")
    if not rows:
        return None
    epochs, train, validation, accuracy = zip(*rows, strict=True)
    return History(tuple(map(int, epochs)), train, validation, accuracy, _keeps_last(folder / CONFIG))


def _keeps_last(config: Path) -> bool:
    if not config.is_file():
        return False
    provenance = read_json(config).get("provenance", {})
    return bool(provenance.get("config", {}).get("keep") == "last")
