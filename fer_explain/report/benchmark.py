"""A benchmark of checkpoints as one file to keep: HTML for people, JSON and CSV for programs. No network is run.

Example::

    from fer_explain.hub.lineup import line_up
    from fer_explain.hub.results import find_results
    from fer_explain.report.benchmark import gather, to_html

    lineup = line_up([find_results("emonext_nano"), find_results("org/name")], "test", together=True)
    html = to_html(gather(lineup))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from markupsafe import Markup

from fer_explain.errors import FerError
from fer_explain.explain.profile import read_profile
from fer_explain.figures.benchmark import (
    Score,
    class_charts,
    confidence_charts,
    confusion_charts,
    cost_charts,
    difference_chart,
)
from fer_explain.figures.chart import SCRIPT, Chart, to_json
from fer_explain.figures.claimed import claim_charts
from fer_explain.figures.evidence import evidence_charts, pair_chart
from fer_explain.figures.habits import habit_charts, training_charts
from fer_explain.figures.robustness import robustness_charts
from fer_explain.figures.words import English
from fer_explain.hub.files import write_text
from fer_explain.hub.lineup import Lineup
from fer_explain.report.template import template

LEVEL: Final = 0.9
STRONGEST: Final = 3  # of the disturbances
WORDS: Final = English()


@dataclass(frozen=True, slots=True)
class Part:
    """One question of the report and the charts that answer it.

    Attributes:
        key: ``confusion``, ``classes`` and so on, as the sections of the page.
        charts: of it; none where the checkpoints do not have what it takes.
        missing: why there are none; "" where there are.
    """

    key: str
    charts: Sequence[Chart]
    missing: str = ""

    @property
    def title(self) -> str:
        """The question."""
        return WORDS(f"bench.{self.key}.title")

    @property
    def hint(self) -> str:
        """How to read the answer."""
        return WORDS(f"bench.{self.key}.hint")


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """All of a report.

    Attributes:
        models: names, the ensemble last.
        split: of the data.
        n: images that all models judged.
        parts: the questions.
        created: when.
    """

    models: list[str]
    split: str
    n: int
    parts: list[Part]
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def charts(self) -> list[Chart]:
        """Those of all parts."""
        return [chart for part in self.parts for chart in part.charts]


def gather(lineup: Lineup, level: float = LEVEL, latencies: Mapping[str, float] | None = None) -> BenchmarkReport:
    """Everything saved predictions say about checkpoints.

    Args:
        lineup: the checkpoints.
        level: of prediction sets and of abstention, in 0..1.
        latencies: milliseconds per face by model, where they were measured.
    """
    models = lineup.models
    asked: dict[str, Callable[[], list[Chart]]] = {
        "confusion": lambda: _confusion(lineup),
        "classes": lambda: _classes(lineup),
        "confidence": lambda: confidence_charts(lineup.pairs, lineup.voted, level, WORDS),
        "robustness": lambda: _robustness(lineup),
        "cost": lambda: cost_charts(models, lineup.costs(latencies or {}), WORDS),
        "training": lambda: _training(lineup),
        "habits": lambda: _habits(lineup),
        "evidence": lambda: _evidence(lineup),
        "claims": lambda: claim_charts(models if models[0].split == "test" else [], "", WORDS),
    }
    names = [model.name for model in models]
    return BenchmarkReport(names, models[0].split, len(models[0]), [_part(key, make) for key, make in asked.items()])


def to_html(report: BenchmarkReport) -> str:
    """The text of a file that a browser shows without asking for anything else."""
    html: str = template("benchmark.html").render(
        report=report,
        created=report.created.strftime("%Y-%m-%d %H:%M UTC"),
        chart_js=Markup(SCRIPT.read_text(encoding="utf-8")),
        data=[to_json(part.charts, WORDS).replace("<", "\\u003c") for part in report.parts],
        shown=WORDS("bench.shown", n=len(report.models), images=f"{report.n:,}"),
    )
    return html


def to_numbers(report: BenchmarkReport) -> str:
    """The numbers behind every chart as JSON, by the chart's key."""
    charts = {
        chart.key: {"title": chart.title, "note": list(chart.note), "columns": list(chart.columns), "rows": chart.rows}
        for chart in report.charts
    }
    about = {"models": report.models, "split": report.split, "n": report.n, "created": report.created.isoformat()}
    return json.dumps(about | {"charts": charts}, indent=1, default=float) + "\n"


def write_tables(report: BenchmarkReport, folder: Path) -> None:
    """Writes the numbers behind every chart as CSV, a file each, named by the chart's key.

    Raises:
        FerError: the folder cannot be written to.
    """
    for chart in report.charts:
        name = chart.key.replace("/", "_")  # a Hub id is part of a key
        write_text(folder / f"{name}.csv", chart.to_csv())


def _part(key: str, make: Callable[[], list[Chart]]) -> Part:
    """What cannot be answered is said in one sentence."""
    try:
        return Part(key, make())
    except FerError as error:
        return Part(key, [], str(error))


def _confusion(lineup: Lineup) -> list[Chart]:
    first, second = lineup.two(None, None)
    difference = [difference_chart(first, second, "row", WORDS)] if first is not second else []
    return [*confusion_charts(lineup.models, "row", WORDS), *difference]


def _classes(lineup: Lineup) -> list[Chart]:
    scores: tuple[Score, ...] = ("recall", "precision", "f1")
    return [chart for score in scores for chart in class_charts(lineup.models, score, WORDS)]


def _robustness(lineup: Lineup) -> list[Chart]:
    if not lineup.disturbed:
        raise FerError("None of these checkpoints was measured under disturbances.")
    return robustness_charts(lineup.disturbed, STRONGEST, WORDS)


def _training(lineup: Lineup) -> list[Chart]:
    histories = {entry.name: entry.history for entry in lineup.found if entry.history is not None}
    if not histories:
        raise FerError("None of these checkpoints holds the history of its training.")
    return training_charts(histories, WORDS)


def _habits(lineup: Lineup) -> list[Chart]:
    read = {entry.name: read_profile(entry.folder) for entry in lineup.found}
    profiles = {name: profile for name, profile in read.items() if profile is not None}
    if not profiles:
        raise FerError("None of these checkpoints holds a profile of its inner parts.")
    return habit_charts(profiles, list(lineup.models[0].label_names), WORDS)


def _evidence(lineup: Lineup) -> list[Chart]:
    """All pairs as matrices, and the best model against each other one in detail."""
    if len(lineup.models) < 2:
        raise FerError("It takes two checkpoints to compare.")
    best = max(lineup.models, key=lambda model: float(model.correct.mean()))
    pairs = [pair_chart(best, other, lineup.leaked, WORDS) for other in lineup.models if other is not best]
    return [*evidence_charts(lineup.models, lineup.leaked, WORDS), *pairs]
