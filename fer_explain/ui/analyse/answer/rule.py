"""The rule of prediction sets that belongs to a checkpoint."""

from __future__ import annotations

from fer_explain.analyzer import Analyzer
from fer_explain.benchmark.conformal import ConformalRule
from fer_explain.errors import FerError
from fer_explain.hub.results import results


def rule_of(analyzer: Analyzer, name: str) -> ConformalRule | None:
    """A checkpoint's rule of prediction sets; None where it lacks what one is fitted on, or that cannot be read."""
    try:
        return results(name, analyzer.folder(name)).rule
    except FerError:  # the Benchmark tab says what is wrong with the file
        return None
