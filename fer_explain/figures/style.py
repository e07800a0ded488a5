"""The look that all plotly figures share: transparent, and readable on a light and on a dark page."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go

INK: Final = "#7c828c"  # contrast above 3:1 on white and on near-black; the page overrides it for small text
GRID: Final = "rgba(124, 130, 140, 0.22)"
FONT: Final = "IBM Plex Sans, system-ui, sans-serif"


def figure(traces: list[go.BaseTraceType], height: int, **layout: Any) -> go.Figure:
    """A figure of a fixed height in pixels that takes its width from the page."""
    return go.Figure(
        traces,
        layout={
            "height": height,
            "template": "none",
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 13, "color": INK},
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "hoverlabel": {"font": {"family": FONT, "size": 13}},
            "showlegend": False,
            "dragmode": False,
        }
        | layout,
    )


def matrix(heatmap: go.Heatmap, height: int, *, tilt: int = -30) -> go.Figure:
    """A figure of named rows, the first on top, and named columns, whose names stand above them at ``tilt`` degrees."""
    return figure(
        [heatmap],
        height=height,
        xaxis=axis(side="top", showgrid=False, tickangle=tilt),
        yaxis=axis(autorange="reversed", showgrid=False, ticksuffix="  "),
    )


def axis(title: str = "", **settings: Any) -> dict[str, Any]:
    """An axis with a faint grid and no zero line, whose range the pointer cannot change by accident."""
    return {
        "title": {"text": title, "standoff": 8},
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    } | settings
