"""Which of many models are really different: a matrix of differences, and what models agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from fer_explain.benchmark.comparison import Comparison
from fer_explain.figures.palette import CELL_FONT, DIVERGING, ONE_HUE, cell_texts
from fer_explain.figures.style import axis, figure, matrix

CELL = 58  # pixels


def significance_figure(
    pairs: Sequence[Comparison], models: Sequence[str], sentences: Mapping[tuple[str, str], str] | None = None
) -> go.Figure:
    """Accuracy of the row's model minus that of the column's, in points; bold where there is evidence.

    A cell's ``customdata`` is the sentence that says it in words: that of ``sentences`` for the names (a, b) of a pair,
    else its own.
    """
    told = sentences or {}
    place = {name: index for index, name in enumerate(models)}
    size = len(models)
    values, text = np.zeros((size, size)), np.full((size, size), "", dtype=object)
    words = np.full((size, size), "", dtype=object)
    for pair in pairs:
        i, j = place[pair.a], place[pair.b]
        points = 100 * pair.difference.value
        for row, column, sign in ((i, j, 1), (j, i, -1)):
            values[row, column] = sign * points
            shown = f"{sign * points:+.1f}"
            text[row, column] = f"<b>{shown}</b>" if pair.better else shown
            words[row, column] = told.get((pair.a, pair.b), pair.sentence)
    limit = max(float(np.abs(values).max()), 1.0)
    heatmap = go.Heatmap(
        z=values,
        x=list(models),
        y=list(models),
        text=cell_texts(values, text.tolist(), DIVERGING, -limit, limit),
        texttemplate="%{text}",
        textfont=CELL_FONT,
        customdata=words,
        hovertemplate="%{customdata}<extra></extra>",
        colorscale=DIVERGING,
        zmin=-limit,
        zmax=limit,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    return _square(heatmap, size)


def agreement_figure(shares: ArrayLike, models: Sequence[str], *, hover: str) -> go.Figure:
    """Shares (M, M) in 0..1 that pairs of models have in common, in per cent."""
    values = 100 * np.asarray(shares, dtype=np.float64)
    heatmap = go.Heatmap(
        z=values,
        x=list(models),
        y=list(models),
        text=cell_texts(values, [[f"{share:.0f}" for share in row] for row in values], ONE_HUE, 0, 100),
        texttemplate="%{text}",
        textfont=CELL_FONT,
        hovertemplate=f"%{{y}}, %{{x}}<br>{hover}: %{{z:.1f}} %<extra></extra>",
        colorscale=ONE_HUE,
        zmin=0,
        zmax=100,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    return _square(heatmap, len(values))


def steps_figure(steps: Mapping[tuple[int, int], tuple[float, bool]], names: Sequence[str], *, noise: str) -> go.Figure:
    """Which numbers of a ranking differ by more than noise; a cell without colour is a difference of less.

    Args:
        steps: by two places of the ranking: the difference in 0..1, and whether it is more than noise.
        names: of the ranked, best first.
        noise: what to call a difference of less.
    """
    size = len(names)
    values = np.full((size, size), np.nan)
    hover = np.full((size, size), "", dtype=object)
    for (i, j), (step, real) in steps.items():
        for row, column in ((i, j), (j, i)):
            values[row, column] = 100 * step if real else np.nan
            hover[row, column] = f"{names[i]} − {names[j]}: {100 * step:+.2f}" + ("" if real else f", {noise}")
    heatmap = go.Heatmap(
        z=values,
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=True,
        colorscale=[(place / 3, color) for place, (_, color) in enumerate(ONE_HUE[1:])],  # none as pale as a gap
        zmin=0,
        colorbar={"thickness": 10, "outlinewidth": 0},
        xgap=1,
        ygap=1,
    )
    ticks: dict[str, Any] = {"tickvals": list(range(size)), "ticktext": list(names), "showgrid": False}
    return figure(
        [heatmap],
        height=20 * size + 190,
        xaxis=axis(side="top", tickangle=-60, **ticks),
        yaxis=axis(autorange="reversed", ticksuffix="  ", **ticks),
    )


def _square(heatmap: go.Heatmap, size: int) -> go.Figure:
    return matrix(heatmap, CELL * max(size, 3) + 150)
