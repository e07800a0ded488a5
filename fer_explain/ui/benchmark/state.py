"""What the Benchmark tab looks at, and where a visitor is in it. Free of Gradio.

The predictions themselves are shared by all visitors and read again only when a file changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fer_explain.analyzer import Analyzer
from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.selection import Selection
from fer_explain.hub.folder import list_results
from fer_explain.hub.lineup import Lineup, line_up
from fer_explain.hub.results import Group, Results, find_results, results

PAGE = 24  # faces shown at once


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """Where one visitor is among the faces.

    Attributes:
        wanted: which faces are looked at; None before a cell was clicked.
        page: which of their pages, from 0.
    """

    wanted: Selection | None = None
    page: int = 0


def benched(analyzer: Analyzer) -> list[str]:
    """Names of the checkpoints that have saved predictions."""
    return [name for name in analyzer.models if results(name, analyzer.folder(name)).splits]


def weightless(analyzer: Analyzer) -> list[str]:
    """Names of the runs whose weights are not here, but whose predictions are."""
    return [name for name in list_results() if name not in analyzer.models]


def groups(analyzer: Analyzer) -> dict[Group, list[str]]:
    """The checkpoints and runs that have saved predictions, by what they can be compared on; embedded ones first."""
    found: dict[Group, list[str]] = {}
    for name in [*benched(analyzer), *weightless(analyzer)]:
        found.setdefault(_results(analyzer, name).group, []).append(name)
    return found


def look(analyzer: Analyzer, names: Sequence[str], split: str, *, together: bool) -> Lineup:
    """The predictions of the named checkpoints; as :func:`fer_explain.hub.lineup.line_up`."""
    return line_up([_results(analyzer, name) for name in names], split, together=together)


def pages(rows: Integers) -> int:
    """How many pages the faces fill; at least one."""
    return max(1, -(-len(rows) // PAGE))


def _results(analyzer: Analyzer, name: str) -> Results:
    return results(name, analyzer.folder(name)) if name in analyzer.models else find_results(name)


def milliseconds(analyzer: Analyzer, name: str) -> float:
    """How long a checkpoint's network takes for one face here; nobody else uses it meanwhile."""
    from fer_explain.models.latency import forward_milliseconds  # imports torch

    with analyzer.borrow(name) as (checkpoint, _):
        return forward_milliseconds(checkpoint.model, checkpoint.config.input)
