"""How well a run did on each face of a measure: what differences between variants are made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.statistics import Doubles, Interval, bootstrap_means, percentile_interval
from fer_explain.errors import FerError
from fer_explain.hub.folder import PREDICTIONS
from fer_explain.hub.predictions import read_saved
from training.disturbed import ANSWERS, PLAIN

RIGHT: Final = "disturbed"
UNCHANGED: Final = "unchanged when disturbed"


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One run on one measure.

    Attributes:
        rows: (N,) row ids of the faces.
        values: (N,) in 0..1: right or wrong, or in what share of the disturbances.
    """

    rows: Integers
    values: Doubles

    @property
    def mean(self) -> float:
        """Over the faces."""
        return float(self.values.mean())

    @property
    def interval(self) -> Interval:
        """95 % bootstrap interval of the mean over faces."""
        return percentile_interval(bootstrap_means(self.values[:, None])[:, 0], self.mean)


def read_scores(folder: Path, name: str) -> Scores:
    """Whether the answer to each face was right; ``name`` is that of the measurement's predictions.

    Raises:
        FerError: they cannot be read.
    """
    saved = read_saved(folder, name)
    return Scores(saved.rows, saved.correct.astype(np.float64))


def disturbed_scores(folder: Path) -> dict[str, Scores]:
    """Of each face, in what share of the disturbances (each at its strongest) the answer was right, and unchanged.

    Raises:
        FerError: the answers cannot be read.
    """
    path = folder / PREDICTIONS / ANSWERS
    try:
        table = pd.read_parquet(path).sort_values("row", kind="stable")
        rows, label, before = (table.pop(name).to_numpy(np.int64) for name in ("row", "label", PLAIN))
        said = table.to_numpy(np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise FerError(f"{folder.name}: {PREDICTIONS}/{path.name} cannot be read ({error}).") from error
    return {
        RIGHT: Scores(rows, (said == label[:, None]).mean(1)),
        UNCHANGED: Scores(rows, (said == before[:, None]).mean(1)),
    }
