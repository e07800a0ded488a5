"""Channel gates and spatial gates as figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from fer_explain.figures.colormap import VIRIDIS
from fer_explain.figures.style import INK, axis, figure
from fer_explain.types import ChannelGate, SpatialGate


class Extremes(NamedTuple):
    """Channel numbers with the largest weights, largest first, and with the smallest, smallest first."""

    strongest: list[int]
    weakest: list[int]


def extremes(gate: ChannelGate, count: int = 3) -> Extremes:
    """The channels that a gate let through most and least; never the same channel twice."""
    order = np.argsort(-gate.weights, kind="stable")
    count = min(count, len(order) // 2)
    return Extremes(order[:count].tolist(), order[::-1][:count].tolist())


def channel_bars(gate: ChannelGate, *, channel: str = "channel", weight: str = "weight") -> go.Figure:
    """All channels of one gate in their order; the height and the colour of a bar are its weight.

    Args:
        gate: weights (C,) in 0..1.
        channel: what to call a channel on the axis.
        weight: what to call the weight.
    """
    bars = go.Bar(
        x=np.arange(len(gate.weights)),
        y=gate.weights.round(4),
        marker={"color": gate.weights.round(4), "colorscale": list(VIRIDIS), "cmin": 0, "cmax": 1, "line": {"width": 0}},
        hovertemplate=f"{channel} %{{x}}: {weight} %{{y:.3f}}<extra></extra>",
    )
    mean = float(gate.weights.mean())
    drawn = figure(
        [bars],
        height=240,
        bargap=0.15 if len(gate.weights) <= 128 else 0,
        xaxis=axis(channel, showgrid=False),
        yaxis=axis(weight, range=[0, 1.02], tickvals=[0, 0.5, 1]),
    )
    drawn.add_hline(y=mean, line={"color": INK, "width": 1, "dash": "dot"})
    drawn.add_annotation(x=1, xref="paper", y=mean, text=f"x̄ {mean:.2f}", showarrow=False, yshift=9, xanchor="right")
    return drawn


def layer_overview(gates: Sequence[ChannelGate], *, weight: str = "weight") -> go.Figure:
    """One box per layer, first layer on the left: median, quartiles and range of its channel weights."""
    boxes = [
        go.Box(
            y=gate.weights.round(4),
            name=str(number),
            boxpoints=False,
            whiskerwidth=0.4,
            line={"width": 1.2, "color": INK},
            fillcolor="rgba(53, 183, 121, 0.35)",
            hoverinfo="y+name",
        )
        for number, gate in enumerate(gates, start=1)
    ]
    return figure(
        boxes,
        height=240,
        xaxis=axis(showgrid=False, type="category"),
        yaxis=axis(weight, range=[0, 1.02], tickvals=[0, 0.5, 1]),
    )


def spatial_map(gate: SpatialGate) -> go.Figure:
    """A gate over places as a map with its scale; row 0 on top."""
    heat = go.Heatmap(
        z=gate.values.round(4),
        colorscale=list(VIRIDIS),
        zmin=0,
        zmax=1,
        colorbar={"thickness": 10, "outlinewidth": 0, "tickvals": [0, 0.5, 1]},
        hovertemplate="%{z:.3f}<extra></extra>",
    )
    return figure(
        [heat],
        height=240,
        xaxis=axis(visible=False, constrain="domain"),
        yaxis=axis(visible=False, autorange="reversed", scaleanchor="x", constrain="domain"),
    )
