"""Which map is the tested one of a network, and whether it is what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.ui.shell.session import Question

if TYPE_CHECKING:
    from fer_explain.explain.tested import Explanations


def best_of(analyzer: Analyzer, model: str | None) -> Explanations | None:
    """What was measured for a network; None where nothing was.

    Raises:
        FerError: the file that says so is damaged.
    """
    from fer_explain.explain.tested import tested_map  # imports torch

    return tested_map(analyzer.checkpoint(model).folder)


def is_best(question: Question, found: Explanations) -> bool:
    """Whether what was asked for is the tested map already."""
    from fer_explain.explain.registry import explainer, method

    best = found.best
    known = {parameter.name for parameter in method(question.method).parameters()}
    if question.method != best.method or not set(question.parameters) <= known:
        return False
    try:
        return explainer(question.method, **question.parameters) == explainer(best.method, **best.settings)
    except FerError:  # class names among the settings are no indices yet
        return False
