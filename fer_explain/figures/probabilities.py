"""Calibrated probabilities as bars, one per emotion."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from fer_explain.emotions import color_of
from fer_explain.figures.style import axis, figure
from fer_explain.types import Prediction

ROW = 28  # pixels per bar


def probability_bars(
    prediction: Prediction, *, ranked: bool = True, names: Mapping[str, str] | None = None
) -> go.Figure:
    """A horizontal bar for each class.

    Args:
        prediction: its probabilities are drawn in per cent.
        ranked: the most probable on top; otherwise in the order of the network's classes.
        names: what to call each class, by label; without an entry a class keeps its own name.
    """
    order = sorted(range(len(prediction.labels)), key=lambda i: -prediction.probabilities[i] if ranked else i)
    labels = [prediction.labels[i] for i in order]
    shown = [(names or {}).get(label, label) for label in labels]
    shares = [100 * float(prediction.probabilities[i]) for i in order]
    bars = go.Bar(
        x=shares,
        y=shown,
        orientation="h",
        marker={"color": [color_of(label, prediction.labels) for label in labels], "cornerradius": 3},
        text=[percent(share) for share in shares],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.2f} %<extra></extra>",
    )
    return figure(
        [bars],
        height=ROW * len(order) + 36,
        bargap=0.34,
        xaxis=axis(range=[0, 112], tickvals=[0, 50, 100], ticksuffix=" %"),
        yaxis=axis(autorange="reversed", ticksuffix="  ", showgrid=False),
    )


def percent(share: float) -> str:
    """A share in 0..100 as people read it: ``"93 %"``, and ``"< 1 %"`` instead of a nought that is none."""
    if 0 < share < 0.5:
        return "< 1 %"
    return f"{share:.0f} %"
