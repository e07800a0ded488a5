"""The figures of a study's report: variants with their intervals, differences, learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from fer_explain.benchmark.statistics import Interval
from fer_explain.figures.palette import model_color, model_symbol
from fer_explain.figures.style import INK, axis, figure
from training.study.effects import Effect
from training.study.summary import Line

_ROW: Final = 44  # pixels per line
_APART: Final = 0.17  # of a line, between two marks of it
_CURVES: Final = 360
_LEGEND: Final = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}


def variants_figure(lines: Sequence[Line]) -> go.Figure:
    """Accuracy of each variant: every seed as a dot, their mean as a diamond with its interval."""
    places = list(range(len(lines)))
    dots = [(100 * value, place + _APART) for place, line in enumerate(lines) for value in line.of_seed]
    seeds = go.Scatter(
        x=[x for x, _ in dots],
        y=[y for _, y in dots],
        mode="markers",
        name="one seed",
        marker={"symbol": "circle-open", "color": INK, "size": 7},
        hovertemplate="%{x:.2f} %<extra></extra>",
    )
    means = go.Scatter(
        x=[100 * line.accuracy for line in lines],
        y=places,
        error_x=_bars([line.accuracy for line in lines], [line.interval for line in lines]),
        mode="markers",
        name="mean, 95 % interval",
        marker={"symbol": "diamond", "color": model_color(0), "size": 10},
        hovertemplate="%{x:.2f} %<extra></extra>",
    )
    return _lines([means, seeds], [line.variant for line in lines], "accuracy", " %")


def effects_figure(effects: Sequence[Effect]) -> go.Figure:
    """Differences in points, each with its intervals over seeds and over images, and the line of no difference."""
    kinds: dict[str, list[Interval | None]] = {
        "over images": [effect.images.interval for effect in effects],
        "over seeds": [effect.seeds.interval for effect in effects],
    }
    traces: list[go.BaseTraceType] = [
        go.Scatter(
            x=[100 * effects[place].seeds.value for place in shown],
            y=[place + (index - 0.5) * 2 * _APART for place in shown],
            error_x=_bars(
                [effects[place].seeds.value for place in shown], [interval for interval in intervals if interval]
            ),
            customdata=[effects[place].sentence for place in shown],
            mode="markers",
            name=f"95 % interval {kind}",
            marker={"symbol": model_symbol(index), "color": model_color(index), "size": 9},
            hovertemplate="%{customdata}<extra></extra>",
        )
        for index, (kind, intervals) in enumerate(kinds.items())
        if (shown := [place for place, interval in enumerate(intervals) if interval])
    ]
    names = [f"{effect.a}<br>minus {effect.b}" for effect in effects]
    return _lines(traces, names, "difference of accuracy in points", "", shapes=[_ZERO])


def curves_figure(curves: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Validation accuracy by epoch, the mean over its runs: variant -> columns ``epoch``, ``accuracy``."""
    traces: list[go.BaseTraceType] = [
        go.Scatter(
            x=curve["epoch"].tolist(),
            y=(100 * curve["accuracy"]).tolist(),
            mode="lines+markers",
            name=name,
            line={"color": model_color(index), "width": 2},
            marker={"symbol": model_symbol(index), "size": 7},
            hovertemplate=f"{name}<br>epoch %{{x}}: %{{y:.2f}} %<extra></extra>",
        )
        for index, (name, curve) in enumerate(curves.items())
    ]
    return figure(
        traces,
        _CURVES,
        showlegend=True,
        legend=_LEGEND,
        xaxis=axis("epoch"),
        yaxis=axis("validation accuracy", ticksuffix=" %"),
    )


def _lines(
    traces: list[go.BaseTraceType], names: Sequence[str], title: str, suffix: str, **layout: object
) -> go.Figure:
    ticks: dict[str, Any] = {
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "range": [len(names) - 0.5, -0.5],
    }
    return figure(
        traces,
        _ROW * len(names) + 110,
        showlegend=True,
        legend=_LEGEND,
        xaxis=axis(title, ticksuffix=suffix),
        yaxis=axis(showgrid=False, ticksuffix="  ", **ticks),
        **layout,
    )


def _bars(values: Sequence[float], intervals: Sequence[Interval | None]) -> dict[str, object]:
    ends = [interval or Interval(value, value) for value, interval in zip(values, intervals, strict=True)]
    return {
        "type": "data",
        "array": [100 * (end.high - value) for value, end in zip(values, ends, strict=True)],
        "arrayminus": [100 * (value - end.low) for value, end in zip(values, ends, strict=True)],
        "thickness": 1.6,
        "width": 5,
    }


_ZERO: Final = {
    "type": "line",
    "x0": 0,
    "x1": 0,
    "y0": 0,
    "y1": 1,
    "yref": "paper",
    "line": {"color": INK, "width": 1.5, "dash": "dash"},
}
