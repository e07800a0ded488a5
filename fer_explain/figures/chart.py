"""A chart: a titled figure with the numbers behind it, and what a page needs to draw it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

Rows = Sequence[Sequence[object]]  # texts and numbers

# Draws what :func:`to_json` gives into ``element``, with plotly.js from ``ferPlotly()``, as ``props.value`` changes.
SCRIPT: Final = Path(__file__).with_name("chart.js")


class Words(Protocol):
    """Texts in some language, as :class:`fer_explain.ui.shell.texts.Texts` has them."""

    def __call__(self, key: str, **values: Any) -> str:
        """A text with its values filled in."""

    def emotion(self, label: str) -> str:
        """What a class is called."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure and the numbers behind it.

    Attributes:
        key: its name as a file.
        title: what it shows.
        figure: None where the table says it better.
        columns, rows: the numbers, as a CSV has them.
        note: sentences under the title.
        listed: whether the table is shown, too.
        wide: whether it takes the whole width of the page.
        cell: of a confusion matrix: the model, and the one it is compared with or "".
    """

    key: str
    title: str
    figure: go.Figure | None
    columns: Sequence[str]
    rows: Rows
    note: Sequence[str] = ()
    listed: bool = False
    wide: bool = False
    cell: tuple[str, str] | None = None

    def to_csv(self) -> str:
        """The numbers behind it."""
        text = io.StringIO()
        csv.writer(text).writerows([self.columns, *self.rows])
        return text.getvalue()


def to_json(charts: Sequence[Chart], words: Words) -> str:
    """Charts as ``chart.js`` draws them."""
    told = [
        {
            "key": chart.key,
            "title": chart.title,
            "note": list(chart.note),
            "figure": chart.figure.to_dict() if chart.figure is not None else None,
            "columns": list(chart.columns),
            "rows": [list(row) for row in chart.rows],
            "listed": chart.listed,
            "wide": chart.listed or chart.wide,
            "cell": chart.cell,
        }
        for chart in charts
    ]
    named = {key: words(f"bench.{key}") for key in ("table", "download")}
    return json.dumps({"words": named, "charts": told}, cls=PlotlyJSONEncoder, ensure_ascii=False)
