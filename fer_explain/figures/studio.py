"""How a spatial transformer usually turns the faces of each class, and where one face lies in that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from fer_explain.emotions import color_of
from fer_explain.figures.style import INK, axis, figure

ROW = 30  # pixels per class


def window_spread(
    spreads: Mapping[str, Sequence[float]],
    own: float,
    changed: float | None = None,
    *,
    title: str = "",
    names: Mapping[str, str] | None = None,
    own_name: str = "this face",
    changed_name: str = "as changed",
) -> go.Figure:
    """A lying box per class for one reading: median, middle half, and the middle 90 % as whiskers.

    Args:
        spreads: by class, the quantiles 0.05, 0.25, 0.5, 0.75, 0.95.
        own: the reading of this face, a solid line across all classes.
        changed: the reading as somebody changed it, a dashed line; None where nothing was changed.
        title: the reading and its unit.
        names: what to call each class.
        own_name: what to call the solid line.
        changed_name: what to call the dashed line.
    """
    boxes = [
        _box((names or {}).get(label, label), color_of(label, tuple(names or spreads)), quantiles)
        for label, quantiles in spreads.items()
    ]
    lines = [(own, own_name, "solid"), *([] if changed is None else [(changed, changed_name, "dash")])]
    return figure(
        boxes,
        height=ROW * len(boxes) + 84,
        margin={"l": 8, "r": 8, "t": 26, "b": 8},
        boxgap=0.4,
        xaxis=axis(title),
        yaxis=axis(autorange="reversed", showgrid=False, ticksuffix="  "),
        shapes=[_across(value, dash) for value, _, dash in lines],
        annotations=[_above(value, name, lines[-1][0] < own) for value, name, _ in lines[:1]]
        + [_above(value, name, value >= own) for value, name, _ in lines[1:]],
    )


def _box(name: str, color: str, quantiles: Sequence[float]) -> go.Box:
    low, quarter, median, three_quarters, high = ([value] for value in quantiles)
    return go.Box(
        y=[name],
        lowerfence=low,
        q1=quarter,
        median=median,
        q3=three_quarters,
        upperfence=high,
        orientation="h",
        line={"color": color, "width": 1.6},
        hoverinfo="x+y",
    )


def _across(x: float, dash: str) -> dict[str, Any]:
    line = {"color": INK, "width": 2, "dash": dash}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": x, "x1": x, "line": line}


def _above(x: float, text: str, rightwards: bool) -> dict[str, Any]:
    """The name of a line at its upper end, on the side where the other line is not."""
    anchor = "left" if rightwards else "right"
    return {"x": x, "yref": "paper", "y": 1.0, "yanchor": "bottom", "text": text, "showarrow": False, "xanchor": anchor}
