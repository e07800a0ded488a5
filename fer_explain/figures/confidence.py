"""What a confidence is worth: reliability before and after calibration, and risk against coverage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from fer_explain.benchmark.calibration import Reliability
from fer_explain.benchmark.selective import RiskCoverage
from fer_explain.figures.palette import model_color, model_symbol
from fer_explain.figures.style import INK, axis, figure

POINTS = 200  # of a risk-coverage curve; more cannot be seen


def reliability_figure(before: Reliability, after: Reliability, *, texts: tuple[str, str, str, str]) -> go.Figure:
    """Accuracy against confidence (Guo et al. 2017, figure 4) before and after temperature scaling.

    Args:
        before: bins of the uncalibrated probabilities.
        after: bins of the calibrated ones.
        texts: names of the two curves, then titles of the axes (confidence, accuracy).
    """
    named = ((texts[0], before, model_color(1), "dot"), (texts[1], after, model_color(0), "solid"))
    diagonal = go.Scatter(
        x=[0, 100], y=[0, 100], mode="lines", line={"color": INK, "dash": "dash", "width": 1}, hoverinfo="skip"
    )
    traces = [diagonal.update(showlegend=False)]
    for index, (name, bins, color, dash) in enumerate(named):
        full = bins.counts > 0
        traces.append(
            go.Scatter(
                x=100 * bins.confidence[full],
                y=100 * bins.accuracy[full],
                customdata=bins.counts[full],
                mode="lines+markers",
                line={"color": color, "dash": dash},
                marker={"symbol": model_symbol(index), "size": 5 + 9 * np.sqrt(bins.counts[full] / bins.counts.max())},
                name=f"{name}, ECE {100 * bins.ece:.1f} %",
                hovertemplate="%{x:.0f} % &#8594; %{y:.0f} %, n = %{customdata}<extra></extra>",
            )
        )
    return figure(
        traces,
        height=380,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        xaxis=axis(texts[2], range=[0, 102], ticksuffix=" %"),
        yaxis=axis(texts[3], range=[0, 102], ticksuffix=" %"),
    )


def risk_coverage_figure(curves: Mapping[str, RiskCoverage], *, coverage: str, risk: str) -> go.Figure:
    """Error among the answered against the share answered: model -> curve."""
    traces = []
    for index, (model, curve) in enumerate(curves.items()):
        keep = np.unique(np.linspace(0, len(curve.coverage) - 1, POINTS).astype(int))
        traces.append(
            go.Scatter(
                x=100 * curve.coverage[keep],
                y=100 * curve.risk[keep],
                customdata=100 * curve.confidence[keep],
                mode="lines",
                line={"color": model_color(index)},
                name=f"{model}, AURC {100 * curve.area:.1f} %",
                hovertemplate=model + "<br>%{x:.0f} % &#8594; %{y:.1f} %, p &#8805; %{customdata:.0f} %<extra></extra>",
            )
        )
    return figure(
        traces,
        height=380,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        xaxis=axis(coverage, range=[0, 102], ticksuffix=" %"),
        yaxis=axis(risk, rangemode="tozero", ticksuffix=" %"),
    )
