"""Scores with their intervals: by class, against a cost, and published numbers beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from fer_explain.figures.palette import model_color, model_symbol
from fer_explain.figures.style import INK, axis, figure

ROW = 26  # pixels per line of a dot plot


@dataclass(frozen=True, slots=True)
class Dot:
    """A score in 0..1 and the ends of its interval, which may be missing."""

    value: float
    low: float | None = None
    high: float | None = None


def class_scores_figure(
    scores: Mapping[str, Sequence[Dot]], names: Sequence[str], *, title: str, unit: str = " %", scale: float = 100
) -> go.Figure:
    """One line per class and one dot per model, with intervals.

    Args:
        scores: model -> K dots, in the order of ``names``.
        names: of the K lines.
        title: of the axis.
        unit: behind its numbers.
        scale: how many of those units make 1.
    """
    step = 0.7 / max(1, len(scores))
    traces = []
    for index, (model, dots) in enumerate(scores.items()):
        offset = (index - (len(scores) - 1) / 2) * step
        places = [k + offset for k in range(len(names))]
        traces.append(_dots(model, [_scaled(dot, scale) for dot in dots], places, index, list(names), unit))
    return figure(
        traces,
        height=int(ROW * len(names) * max(1, len(scores) * 0.6) + 90),
        showlegend=len(scores) > 1,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        xaxis=axis(title, ticksuffix=unit),
        yaxis=axis(
            autorange="reversed",
            tickvals=list(range(len(names))),
            ticktext=list(names),
            ticksuffix="  ",
            showgrid=False,
        ),
    )


def tradeoff_figure(points: Mapping[str, tuple[float, Dot]], *, cost: str, score: str, log: bool = True) -> go.Figure:
    """Score against a cost (parameters, milliseconds): model -> (cost, dot)."""
    traces = []
    for index, (model, (x, dot)) in enumerate(points.items()):
        marker = {"color": model_color(index), "symbol": model_symbol(index), "size": 11}
        low, high = _ends(dot)
        traces.append(
            go.Scatter(
                x=[x],
                y=[100 * dot.value],
                error_y={"type": "data", "array": [100 * high], "arrayminus": [100 * low], "thickness": 1.4},
                mode="markers",
                marker=marker,
                cliponaxis=False,
                name=model,
                hovertemplate=f"{model}<br>{cost}: %{{x:.3g}}<br>{score}: %{{y:.1f}} %<extra></extra>",
            )
        )
    kind = "log" if log else "linear"
    rows = -(-len(points) // 2)
    return figure(
        traces,
        height=340 + 20 * rows,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        xaxis=axis(cost, type=kind),
        yaxis=axis(score, ticksuffix=" %"),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a dot plot of claims: its name, dot, whether it is ours, and whether it is doubtful."""

    name: str
    dot: Dot
    ours: bool = False
    doubtful: bool = False
    note: str = ""


def claims_figure(lines: Sequence[Line], *, title: str, ours: str, published: str, doubtful: str) -> go.Figure:
    """Published and own accuracies on one axis with their intervals, in the order given."""
    groups = (
        (published, "circle", INK, [i for i, line in enumerate(lines) if not line.ours and not line.doubtful]),
        (doubtful, "x-thin-open", INK, [i for i, line in enumerate(lines) if line.doubtful]),
        (ours, "diamond", model_color(1), [i for i, line in enumerate(lines) if line.ours]),
    )
    traces = [
        go.Scatter(
            x=[100 * lines[i].dot.value for i in chosen],
            y=chosen,
            error_x=_errors([_scaled(lines[i].dot, 100) for i in chosen]),
            customdata=[[lines[i].name, lines[i].note] for i in chosen],
            mode="markers",
            marker={"symbol": symbol, "color": color, "size": 10, "line": {"width": 2, "color": color}},
            name=label,
            hovertemplate="%{customdata[0]}: %{x:.2f} %<br>%{customdata[1]}<extra></extra>",
        )
        for label, symbol, color, chosen in groups
        if chosen
    ]
    ticks: dict[str, Any] = {"tickvals": list(range(len(lines))), "ticktext": [line.name for line in lines]}
    return figure(
        traces,
        height=22 * len(lines) + 110,
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
        xaxis=axis(title, ticksuffix=" %"),
        yaxis=axis(range=[len(lines) - 0.4, -0.6], showgrid=False, ticksuffix="  ", **ticks),
    )


def _dots(model: str, dots: Sequence[Dot], y: list[float], index: int, names: list[str], unit: str) -> go.Scatter:
    return go.Scatter(
        x=[dot.value for dot in dots],
        y=y,
        error_x=_errors(dots),
        customdata=names,
        mode="markers",
        name=model,
        marker={"color": model_color(index), "symbol": model_symbol(index), "size": 9},
        hovertemplate=f"{model}<br>%{{customdata}}: %{{x:.1f}}{unit}<extra></extra>",
    )


def _errors(dots: Sequence[Dot]) -> dict[str, object]:
    ends = [_ends(dot) for dot in dots]
    return {
        "type": "data",
        "array": [high for _, high in ends],
        "arrayminus": [low for low, _ in ends],
        "thickness": 1.4,
        "width": 4,
    }


def _scaled(dot: Dot, scale: float) -> Dot:
    low, high = (None if end is None else scale * end for end in (dot.low, dot.high))
    return Dot(scale * dot.value, low, high)


def _ends(dot: Dot) -> tuple[float, float]:
    """How far the interval reaches below and above the value."""
    low = dot.value if dot.low is None else dot.low
    high = dot.value if dot.high is None else dot.high
    return max(0.0, dot.value - low), max(0.0, high - dot.value)
