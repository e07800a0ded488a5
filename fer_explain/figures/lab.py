"""The channels of a gate by weight, beside what the gate usually gives them; their maps as small pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from fer_explain.figures.colormap import VIRIDIS, table
from fer_explain.figures.style import INK, axis, figure
from fer_explain.types import Floats, Pixels

USUAL = "rgba(124, 130, 140, 0.35)"
CHOSEN = "#D55E00"
OWN = "#0072B2"


def deviations(weights: Floats, mean: Sequence[float], std: Sequence[float]) -> Floats:
    """How unusual each channel's weight is (C,): its distance from the mean in standard deviations.

    0 where the weight never varies and is as ever; a channel that never varied but does now is infinitely unusual.
    """
    off, spread = weights - np.asarray(mean), np.asarray(std)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(np.abs(off) < 1e-4, 0.0, off / spread)  # what lies below a profile's rounding is no deviation
    result: Floats = scores.astype(np.float32)
    return result


def ranked_channels(
    weights: Floats,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    chosen: Sequence[int] = (),
    *,
    rank: str = "channels, strongest first",
    weight: str = "weight",
    usual: str = "usual",
) -> go.Figure:
    """The weights (C,) of a gate, largest first, with mean +- standard deviation of the class behind each.

    Args:
        weights: of this face.
        mean: of each channel over the faces of a class, or None.
        std: likewise.
        chosen: channels that are marked and numbered.
        rank: what to call the horizontal axis.
        weight: what to call the vertical axis.
        usual: what to call the mean.
    """
    order = np.argsort(-weights, kind="stable")
    marked = np.isin(order, np.asarray(chosen, dtype=int))
    traces: list[go.BaseTraceType] = []
    if mean is not None and std is not None:
        traces.append(_usual(np.asarray(mean)[order], np.asarray(std)[order], usual))
    traces.append(
        go.Scatter(
            x=np.arange(1, len(order) + 1),
            y=weights[order].round(4),
            mode="markers",
            customdata=order,
            marker={"size": np.where(marked, 10, 6), "color": np.where(marked, CHOSEN, OWN).tolist()},
            hovertemplate=f"#%{{customdata}}: {weight} %{{y:.3f}}<extra></extra>",
        )
    )
    notes = [
        _number(int(place) + 1, float(weights[order[place]]), int(order[place])) for place in np.flatnonzero(marked)
    ]
    return figure(
        traces,
        height=280,
        xaxis=axis(rank, showgrid=False),
        yaxis=axis(weight),
        annotations=list(_apart(notes, len(order) / 16)),
    )


def _usual(mean: NDArray[np.float64], std: NDArray[np.float64], name: str) -> go.Scatter:
    return go.Scatter(
        x=np.arange(1, len(mean) + 1),
        y=mean.round(4),
        # A weight lies in 0..1, so the marks end there.
        error_y={
            "type": "data",
            "array": np.minimum(std, 1 - mean).round(4),
            "arrayminus": np.minimum(std, mean).round(4),
            "color": USUAL,
            "width": 0,
            "thickness": 1.4,
        },
        customdata=std.round(4),
        mode="markers",
        marker={"symbol": "line-ew", "size": 7, "line": {"width": 1.4, "color": INK}},
        hovertemplate=f"{name} %{{y:.3f}} ± %{{customdata:.3f}}<extra></extra>",
    )


def _number(x: int, y: float, channel: int) -> dict[str, Any]:
    return {"x": x, "y": y, "text": f"#{channel}", "showarrow": False, "yshift": 13}


def _apart(notes: Sequence[dict[str, Any]], distance: float) -> Iterator[dict[str, Any]]:
    """The numbers that can be read: each at least ``distance`` ranks from the one before."""
    last = -float("inf")
    for note in notes:
        if note["x"] - last >= distance:
            last = note["x"]
            yield note


def feature_picture(values: Floats, mask: NDArray[np.bool_], low: float, high: float, side: int = 96) -> Pixels:
    """A feature map (H, W) as a picture uint8 (side, side, 4) in viridis, from ``low`` (dark) to ``high`` (bright).

    Transparent where ``mask`` is false: there the network saw nothing of the face.
    """
    span = high - low
    shares = np.clip((values - low) / span, 0, 1) if span > 0 else np.zeros_like(values)
    colors = table(VIRIDIS)[np.rint(255 * shares).astype(np.intp)]
    picture = np.dstack([colors, np.where(mask, 255, 0).astype(np.uint8)])
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.NEAREST))
