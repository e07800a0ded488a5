"""How a training run went: loss above, accuracy below, and the epoch that was kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from fer_explain.figures.palette import model_color
from fer_explain.figures.style import INK, axis, figure
from fer_explain.hub.history import History

HEIGHT: Final = 340
MARKERS: Final = 40  # up to so many epochs each is a dot


def history_curves(
    history: History,
    *,
    train: str = "training",
    validation: str = "validation",
    epoch: str = "epoch",
    loss: str = "loss",
    accuracy: str = "accuracy",
    best: str = "best",
) -> go.Figure:
    """Two panels over one axis of epochs; a dotted line through both marks the epoch that was kept.

    Args:
        history: losses in nats, accuracy in 0..1 (drawn in per cent).
        train: what to call the data learned from.
        validation: what to call the data judged on.
        epoch: the name of the shared axis.
        loss: the name of the upper axis.
        accuracy: the name of the lower axis.
        best: what to call the epoch that was kept.
    """
    shares = [100 * share for share in history.validation_accuracy]
    place = history.kept
    traces = [
        _line(history, history.train_loss, train, INK, "y", dash="dot"),
        _line(history, history.validation_loss, validation, model_color(0), "y"),
        _line(history, shares, validation, model_color(0), "y2", unit=" %", in_legend=False),
    ]
    x = history.epochs[place]
    mark = {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1}
    return figure(
        traces,
        height=HEIGHT,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
        xaxis=axis(epoch, anchor="y2", showgrid=False, tickformat="d", **_ticks(len(history.epochs))),
        yaxis=axis(loss, domain=[0.58, 1]),
        yaxis2=axis(accuracy, domain=[0, 0.46], ticksuffix=" %"),
        shapes=[mark | {"line": {"color": INK, "width": 1, "dash": "dot"}}],
        annotations=[_best(x, f"{best}: {shares[place]:.1f} %", right=place > len(shares) // 2)],
    )


def _line(
    history: History,
    values: Sequence[float],
    name: str,
    color: str,
    panel: str,
    *,
    dash: str = "solid",
    unit: str = "",
    in_legend: bool = True,
) -> go.Scatter:
    return go.Scatter(
        x=history.epochs,
        y=values,
        yaxis=panel,
        name=name,
        mode="lines+markers" if len(values) <= MARKERS else "lines",
        line={"color": color, "width": 2, "dash": dash},
        marker={"size": 5},
        showlegend=in_legend,
        hovertemplate=f"%{{y:.{1 if unit else 3}f}}{unit}",
    )


def _best(x: int, text: str, *, right: bool) -> dict[str, object]:
    """The words at the foot of the mark, below a curve that has risen, on the side where there is room."""
    return {
        "x": x,
        "y": 0.02,
        "yref": "y2 domain",
        "text": text,
        "showarrow": False,
        "xanchor": "right" if right else "left",
        "yanchor": "bottom",
        "xshift": -6 if right else 6,
    }


def _ticks(epochs: int) -> dict[str, int]:
    """Whole epochs only."""
    return {"dtick": 1} if epochs <= 12 else {"nticks": 8}
