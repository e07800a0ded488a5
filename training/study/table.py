"""The tidy table of a study, one row per run and split, and the predictions that paired statements need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from fer_explain.benchmark.further import read_further
from fer_explain.benchmark.metrics import Metrics, read_splits
from fer_explain.benchmark.saved import Saved
from fer_explain.errors import FerError
from fer_explain.hub.config import read_config
from fer_explain.hub.folder import HISTORY
from fer_explain.hub.predictions import Split, read_metrics_file, read_saved
from training.study.measures import DISTURBED
from training.study.plan import Run, Study
from training.study.scores import disturbed_scores
from training.study.worker import is_finished

RUNS: Final = "runs"
METRICS: Final = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "nll", "ece", "ece_uncalibrated")


def folder_of(output: Path, run: Run) -> Path:
    """The checkpoint folder of a run."""
    return output / RUNS / run.name


def finished(study: Study, output: Path) -> list[Run]:
    """The runs of the study that ended and were measured."""
    return [run for run in study.runs if is_finished(folder_of(output, run), measures=study.measures)]


def tidy_table(study: Study, output: Path) -> pd.DataFrame:
    """One row per finished run and measurement.

    Columns: ``study``, ``variant``, one per factor, ``seed``, ``fold`` (missing without cross-validation), ``split``
    (``validation``, ``test``, ``test-without_leaks``, ``validation-ten_crop``, ...; the fold is the ``validation`` of a
    cross-validation; the study's measures are ``press-validation``, ... and ``disturbed``), ``n``, each of
    :data:`METRICS`, ``accuracy_low`` and ``accuracy_high`` (95 % bootstrap interval over images), ``unchanged`` (with
    ``disturbed`` alone), ``seconds`` of training, ``epochs``, ``best_epoch``, ``fingerprint`` of the run.

    Raises:
        FerError: a run's folder is damaged.
    """
    rows = [row for run in finished(study, output) for row in _rows(study, run, folder_of(output, run))]
    return pd.DataFrame(rows).astype({"fold": "Int64"}) if rows else pd.DataFrame()


def _rows(study: Study, run: Run, folder: Path) -> Iterator[dict[str, Any]]:
    metrics, source = read_metrics_file(folder), read_config(folder).provenance
    history = pd.read_csv(folder / HISTORY)
    known = ("", *study.measures)
    further = {name: one.scores for name, one in read_further(metrics).items() if one.data in known}
    measured = {name: {"n": one.n, **_values(one)} for name, one in (read_splits(metrics) | further).items()}
    if DISTURBED in study.measures:
        measured[DISTURBED] = _disturbed(folder)
    for split, values in measured.items():
        yield {
            "study": study.name,
            "variant": run.variant.name,
            **run.variant.levels,
            "seed": run.seed,
            "fold": run.fold,
            "split": split,
            **values,
            "seconds": round(float(history["seconds"].sum()), 1),
            "epochs": len(history),
            "best_epoch": int(source["epochs"]),
            "fingerprint": str(source["fingerprint"]),
        }


def _values(scores: Metrics) -> dict[str, float]:
    low, high = scores.intervals["accuracy"]
    return {name: getattr(scores, name) for name in METRICS} | {"accuracy_low": low, "accuracy_high": high}


def _disturbed(folder: Path) -> dict[str, float]:
    right, unchanged = disturbed_scores(folder).values()
    (low, high), n = right.interval, len(right.rows)
    return {
        "n": n,
        "accuracy": right.mean,
        "accuracy_low": low,
        "accuracy_high": high,
        "unchanged": unchanged.mean,
    }


def replicates(study: Study, output: Path, split: Split) -> dict[str, dict[int, Saved]]:
    """Variant -> seed -> its predictions on ``split``; the folds of a cross-validation pooled.

    A seed of which a fold is missing is left out.

    Raises:
        FerError: a run's predictions cannot be read.
    """
    parts: dict[tuple[str, int], list[Saved]] = defaultdict(list)
    for run in finished(study, output):
        parts[run.variant.name, run.seed].append(read_saved(folder_of(output, run), split))
    found: dict[str, dict[int, Saved]] = {variant.name: {} for variant in study.variants}
    for (variant, seed), saved in parts.items():
        if len(saved) == max(1, study.folds):
            found[variant][seed] = _pooled(saved, variant)
    return found


def _pooled(parts: list[Saved], name: str) -> Saved:
    """Predictions on disjoint rows as one, each part calibrated by its own temperature.

    Raises:
        FerError: a row was judged twice.
    """
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows)
    if len(np.unique(rows)) < len(rows):
        raise FerError(f"{name}: the folds overlap; they are not those of one cross-validation.")
    logits = np.concatenate([part.logits / part.temperature for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    return replace(parts[0], name=name, rows=rows[order], labels=labels[order], logits=logits[order], temperature=1.0)
