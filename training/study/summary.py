"""What each variant of a study scores: one line per variant, over its seeds."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from fer_explain.benchmark.metrics import Metrics, evaluate
from fer_explain.benchmark.statistics import Interval
from training.study.effects import Replicates, mean_over_seeds


@dataclass(frozen=True, slots=True)
class Line:
    """A variant's scores, each the mean over its seeds; a cross-validation's folds are pooled first.

    Attributes:
        variant: its name.
        n: images each seed was judged on.
        of_seed: accuracy by seed, in 0..1.
        accuracy: their mean.
        interval: 95 % t interval of the mean over seeds; with a single seed the bootstrap interval over images.
        balanced_accuracy: mean recall of the classes.
        macro_f1: mean F1 of the classes.
        commonest: share of the commonest class, the accuracy of always answering it.
    """

    variant: str
    n: int
    of_seed: tuple[float, ...]
    accuracy: float
    interval: Interval
    balanced_accuracy: float
    macro_f1: float
    commonest: float

    @property
    def over(self) -> str:
        """What ``interval`` is over."""
        return "seeds" if len(self.of_seed) > 1 else "images"


def summarise(replicates: Replicates) -> list[Line]:
    """One line per variant that has a finished seed."""
    return [
        _line(variant, [evaluate(one.logits, one.labels, one.label_names) for one in of_seed.values()])
        for variant, of_seed in replicates.items()
        if of_seed
    ]


def as_table(lines: list[Line]) -> pd.DataFrame:
    """The lines as numbers, one row per variant."""
    return pd.DataFrame(
        {
            "variant": line.variant,
            "seeds": len(line.of_seed),
            "n": line.n,
            "accuracy": line.accuracy,
            "low": line.interval.low,
            "high": line.interval.high,
            "interval_over": line.over,
            "balanced_accuracy": line.balanced_accuracy,
            "macro_f1": line.macro_f1,
        }
        for line in lines
    )


def _line(variant: str, scores: list[Metrics]) -> Line:
    accuracies = [one.accuracy for one in scores]
    mean = mean_over_seeds(accuracies)
    return Line(
        variant=variant,
        n=scores[0].n,
        of_seed=tuple(accuracies),
        accuracy=mean.value,
        interval=mean.interval or scores[0].intervals["accuracy"],
        balanced_accuracy=mean_over_seeds([one.balanced_accuracy for one in scores]).value,
        macro_f1=mean_over_seeds([one.macro_f1 for one in scores]).value,
        commonest=max(of_class.support for of_class in scores[0].classes.values()) / scores[0].n,
    )
