"""Channel gates as figures, spatial gates as pictures that lie over a face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fer_explain.figures.colormap import VIRIDIS, table
from fer_explain.figures.palette import ONE_HUE
from fer_explain.figures.style import INK, axis, figure
from fer_explain.types import ChannelGate, Floats, Pixels


class Extremes(NamedTuple):
    """Channel numbers with the largest weights, largest first, and with the smallest, smallest first."""

    strongest: list[int]
    weakest: list[int]


def extremes(gate: ChannelGate, count: int = 3) -> Extremes:
    """The channels that a gate let through most and least; never the same channel twice."""
    order = np.argsort(-gate.weights, kind="stable")
    count = min(count, len(order) // 2)
    return Extremes(order[:count].tolist(), order[::-1][:count].tolist())


def channel_weights(gate: ChannelGate, *, channel: str = "channel", weight: str = "weight") -> go.Figure:
    """All channels of one gate in their order, a dot each; the strongest one and the weakest carry their numbers.

    The axis spans the weights there are, as a gate often moves within a few hundredths.

    Args:
        gate: weights (C,) in 0..1.
        channel: what to call a channel on the axis.
        weight: what to call the weight.
    """
    weights = gate.weights.round(4)
    low, high = _span(gate.weights)
    dots = go.Scatter(
        x=np.arange(len(weights)),
        y=weights,
        mode="markers",
        marker={"color": weights, "colorscale": list(VIRIDIS), "cmin": low, "cmax": high, "size": 6},
        hovertemplate=f"{channel} %{{x}}: {weight} %{{y:.3f}}<extra></extra>",
    )
    mean = float(gate.weights.mean())
    strongest, weakest = extremes(gate, 1)
    labels = [(number, 11) for number in strongest] + [(number, -11) for number in weakest]
    # Upstream defect, https://github.com/plotly/plotly.py/issues/5316: each add_annotation takes longer than the one
    # before. Test: test_each_annotation_takes_longer_than_a_whole_figure. So all of them stand in the layout.
    return figure(
        [dots],
        height=260,
        margin={"l": 8, "r": 56, "t": 8, "b": 8},
        xaxis=axis(channel, showgrid=False),
        yaxis=axis(weight, range=[low, high]),
        shapes=[_level(mean)],
        annotations=[
            {"x": 1.01, "xref": "paper", "y": mean, "text": f"x̄ {mean:.2f}", "showarrow": False, "xanchor": "left"},
            *(
                {"x": number, "y": float(weights[number]), "text": f"#{number}", "showarrow": False, "yshift": shift}
                for number, shift in labels
            ),
        ],
    )


def _level(y: float) -> dict[str, Any]:
    """A dotted line across the figure."""
    line = {"color": INK, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": line}


def _span(weights: Floats) -> tuple[float, float]:
    """The range of an axis that holds all weights, with room for a label at either end."""
    low, high = float(weights.min()), float(weights.max())
    room = max(0.14 * (high - low), 0.005)
    return low - room, high + room


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


def spatial_layer(values: Floats, mask: NDArray[np.bool_], low: float, high: float) -> Pixels:
    """A gate over places in its colours, uint8 RGBA (H, W, 4): opaque where there is a weight, transparent elsewhere.

    Args:
        values: (H, W) in 0..1.
        mask: (H, W), the pixels that have a weight.
        low: the weight with the first colour. Under a U-Net's softmax over 64 channels even the largest weights lie far
            below 1, so that a scale from 0 to 1 would show nothing.
        high: the weight with the last colour.
    """
    position = np.clip((values - low) / ((high - low) or 1.0), 0, 1)
    colors = table(VIRIDIS)[np.rint(position * 255).astype(np.intp)]
    return np.dstack([colors, np.where(mask, 255, 0).astype(np.uint8)])


def gate_means_figure(means: Sequence[Sequence[float]], layers: Sequence[str], classes: Sequence[str]) -> go.Figure:
    """Mean weights of gates by layer (rows) and class (columns)."""
    heatmap = go.Heatmap(
        z=means,
        x=list(classes),
        y=list(layers),
        colorscale=ONE_HUE,
        colorbar={"thickness": 10, "outlinewidth": 0},
        xgap=2,
        ygap=2,
        hovertemplate="%{y}<br>%{x}: %{z:.3f}<extra></extra>",
    )
    return figure(
        [heatmap],
        height=24 * len(layers) + 110,
        xaxis=axis(side="top", showgrid=False, tickangle=-35),
        yaxis=axis(autorange="reversed", showgrid=False, ticksuffix="  "),
    )
