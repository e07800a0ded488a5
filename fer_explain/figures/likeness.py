"""How alike the heat maps of several models are: a small matrix of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from fer_explain.figures.palette import CELL_FONT, DIVERGING, ONE_HUE, cell_texts
from fer_explain.figures.style import axis, figure

CELL = 46  # pixels


def likeness_figure(values: ArrayLike, names: Sequence[str], *, hover: str, signed: bool = False) -> go.Figure:
    """A symmetric matrix (M, M) in 0..1, or in -1..1 when ``signed``, with its numbers in the cells.

    The axes show the models' numbers, from 1, since names would not fit on a phone; names are in the hover text.
    """
    table = np.asarray(values, dtype=np.float64)
    scale, low = (DIVERGING, -1.0) if signed else (ONE_HUE, 0.0)
    places = list(range(len(table)))
    heatmap = go.Heatmap(
        z=table,
        text=cell_texts(table, [[f"{value:.2f}" for value in row] for row in table], scale, low, 1.0),
        texttemplate="%{text}",
        textfont=CELL_FONT,
        customdata=[[f"{one}, {other}" for other in names] for one in names],
        hovertemplate=f"%{{customdata}}<br>{hover}: %{{z:.2f}}<extra></extra>",
        colorscale=scale,
        zmin=low,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    ticks: dict[str, Any] = {"tickvals": places, "ticktext": [str(place + 1) for place in places], "showgrid": False}
    return figure(
        [heatmap],
        height=CELL * max(len(table), 3) + 60,
        xaxis=axis(side="top", **ticks),
        yaxis=axis(autorange="reversed", ticksuffix="  ", **ticks),
    )
