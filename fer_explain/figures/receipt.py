"""The curves of a receipt: what a map does to the probability, beside maps that know nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go

from fer_explain.figures.style import INK, axis, figure

if TYPE_CHECKING:
    from fer_explain.explain.faithfulness import Curve

OWN: Final = "#d1495b"  # the map; stands out from the grays on white and on near-black
BAND: Final = "rgba(124, 130, 140, 0.28)"


def perturbation_curve(
    curve: Curve,
    *,
    share: str = "changed part of the face, %",
    probability: str = "probability, %",
    own: str = "this map",
    random: str = "random maps",
    centre: str = "Gaussian at the centre",
) -> go.Figure:
    """Probability of the class along the share of the face that was changed, both in per cent.

    The map is a bold line, the random maps are a band from their lowest to their highest value, the Gaussian at the
    centre is a dashed line. The other arguments say what each is called.
    """
    shares = 100 * np.array(curve.shares)
    traces: list[go.Scatter] = []
    if curve.random:
        low, high = 100 * np.min(curve.random, axis=0), 100 * np.max(curve.random, axis=0)
        edge = {"x": shares, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        traces += [go.Scatter(y=low, **edge), go.Scatter(y=high, fill="tonexty", fillcolor=BAND, name=random, **edge)]
    if curve.centre:
        traces.append(_line(shares, 100 * np.array(curve.centre), centre, INK, 2, "dash"))
    traces.append(_line(shares, 100 * np.array(curve.values), own, OWN, 3, "solid"))
    return figure(
        traces,
        height=220,
        xaxis=axis(share, range=[0, shares[-1]], nticks=6),
        yaxis=axis(probability, range=[-3, 103], tickvals=[0, 50, 100]),
    )


def _line(x: np.ndarray, y: np.ndarray, name: str, color: str, width: int, dash: str) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y.round(2),
        name=name,
        mode="lines",
        line={"color": color, "width": width, "dash": dash},
        hovertemplate=f"{name}: %{{y:.0f}} %<extra></extra>",
    )
