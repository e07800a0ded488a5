"""Confusion matrices: counts, shares by row (recall) or by column (precision), and the difference of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from fer_explain.figures.palette import CELL_FONT, DIVERGING, ONE_HUE, cell_texts
from fer_explain.figures.style import axis, figure

Norm = Literal["counts", "row", "column"]
SIDE = 420  # pixels of a matrix without its labels


def shares(counts: ArrayLike, norm: Norm) -> NDArray[np.float64]:
    """Counts (K, K) as such, or as per cent of their row or column; an empty row or column stays 0."""
    table = np.asarray(counts, dtype=np.float64)
    if norm == "counts":
        return table
    total = table.sum(axis=1 if norm == "row" else 0, keepdims=True)
    parts: NDArray[np.float64] = np.divide(table, total, out=np.zeros_like(table), where=total > 0)
    return 100 * parts


def confusion_figure(
    counts: ArrayLike, names: Sequence[str], *, norm: Norm = "row", true: str = "true", said: str = "predicted"
) -> go.Figure:
    """True classes in rows, predicted ones in columns; a cell's ``customdata`` is (true index, predicted index).

    Args:
        counts: (K, K) images.
        names: what to call the K classes.
        norm: what a cell shows; its hover text always has the count too.
        true: title of the rows.
        said: title of the columns.
    """
    table = np.asarray(counts, dtype=np.int64)
    values = shares(table, norm)
    top = max(float(values.max()), 1.0) if norm == "counts" else 100.0
    text = cell_texts(values, [[f"{value:.0f}" for value in row] for row in values], ONE_HUE, 0, top)
    unit = "" if norm == "counts" else " %"
    hover = f"{true}: %{{y}}<br>{said}: %{{x}}<br>%{{z:.1f}}{unit}<br>n = %{{customdata[2]}}<extra></extra>"
    heatmap = _heatmap(values, names, text, table, hover) | {"colorscale": ONE_HUE, "zmin": 0, "zmax": top}
    return _matrix(heatmap, true, said)


def difference_figure(
    a: ArrayLike, b: ArrayLike, names: Sequence[str], *, norm: Norm = "row", true: str = "true", said: str = "predicted"
) -> go.Figure:
    """Matrix a minus matrix b, cell by cell, centred at zero: counts, or points of row or column share."""
    first, second = (np.asarray(counts, dtype=np.int64) for counts in (a, b))
    values = shares(first, norm) - shares(second, norm)
    limit = max(float(np.abs(values).max()), 1.0)
    signs = [[f"{value:+.0f}" if round(value) else "0" for value in row] for row in values]
    text = cell_texts(values, signs, DIVERGING, -limit, limit)
    hover = (
        f"{true}: %{{y}}<br>{said}: %{{x}}<br>%{{z:+.1f}}<br>n = %{{customdata[2]}} - %{{customdata[3]}}<extra></extra>"
    )
    heatmap = _heatmap(values, names, text, first, hover) | {"colorscale": DIVERGING, "zmid": 0}
    heatmap["customdata"] = np.concatenate([heatmap["customdata"], second[..., None]], axis=2)
    return _matrix(heatmap | {"zmin": -limit, "zmax": limit}, true, said)


def _heatmap(
    values: NDArray[np.float64], names: Sequence[str], text: list[list[str]], counts: NDArray[np.int64], hover: str
) -> dict[str, Any]:
    rows, columns = np.indices(counts.shape)
    return {
        "z": values,
        "x": list(names),
        "y": list(names),
        "text": text,
        "texttemplate": "%{text}",
        "textfont": CELL_FONT,
        "customdata": np.stack([rows, columns, counts], axis=2),
        "hovertemplate": hover,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }


def _matrix(heatmap: dict[str, Any], true: str, said: str) -> go.Figure:
    return figure(
        [go.Heatmap(heatmap)],
        height=SIDE,
        xaxis=axis(said, side="top", showgrid=False, tickangle=-35, constrain="domain"),
        yaxis=axis(true, autorange="reversed", showgrid=False, scaleanchor="x", constrain="domain"),
    )
