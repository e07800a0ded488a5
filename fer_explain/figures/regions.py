"""The parts of a face: what a heat map says about each, what hiding it costs, and where it lies."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from fer_explain.figures.style import INK, axis, figure
from fer_explain.types import Pixels

if TYPE_CHECKING:
    from fer_explain.explain.region_audit import RegionAudit
    from fer_explain.explain.region_use import ClassProfile, Estimate

RELEVANCE: Final = "#0072B2"
AGAINST: Final = "#56B4E9"
EFFECT: Final = "#D55E00"
PALE: Final = "rgba(124, 130, 140, 0.28)"
ROW: Final = 30  # pixels per region
_LEFT: Final = [0, 0.46]  # the two panels, of the width
_RIGHT: Final = [0.54, 1]
SIDE: Final = 320  # of the outlined crop in pixels

_WORDS: Final[Mapping[str, str]] = {
    "relevance": "share of the map, %",
    "against": "share of the evidence against, %",
    "area": "share of the face crop, %",
    "effect": "probability lost when hidden, points",
    "usual": "usual for this class",
}


def region_bars(
    audit: RegionAudit,
    profile: ClassProfile | None = None,
    *,
    names: Mapping[str, str] | None = None,
    words: Mapping[str, str] = _WORDS,
) -> go.Figure:
    """Two bars for each part of the face, side by side: its share of the map, and what hiding it costs.

    The pale bar behind is the part's share of the area: a bar as long as it says no more than chance. A diamond is the
    class's mean over a validation set, with its 95 % interval.

    Args:
        audit: of one face.
        profile: of the audited class and network.
        names: what to call each part, by its name.
        words: what to call ``relevance``, ``against``, ``area``, ``effect`` and ``usual``.
    """
    rows = [(names or {}).get(region.name, region.name) for region in audit.regions]
    relevance = [100 * region.relevance for region in audit.regions]
    area = [100 * region.area for region in audit.regions]
    effect = [100 * region.effect for region in audit.regions]
    traces = [
        _bars(area, rows, words["area"], PALE, "x", width=0.86),
        _bars(relevance, rows, words["relevance"], RELEVANCE, "x"),
        _bars(effect, rows, words["effect"], EFFECT, "x2"),
    ]
    if any(region.against for region in audit.regions):
        against = [-100 * region.against for region in audit.regions]
        traces.append(_bars(against, rows, words["against"], AGAINST, "x"))
    if profile is not None:
        stats = [profile.regions[region.name] for region in audit.regions]
        traces.append(_whiskers([stat.relevance for stat in stats], rows, words["usual"], "x"))
        traces.append(_whiskers([stat.effect for stat in stats], rows, words["usual"], "x2"))
    return figure(
        traces,
        height=ROW * len(rows) + 84,
        barmode="overlay",
        annotations=[
            *_numbers(relevance, rows, _LEFT[1], "{:.0f}"),
            *_numbers(effect, rows, _RIGHT[1], "{:+.0f}"),
        ],
        xaxis=axis(_wrapped(words["relevance"]), domain=_LEFT, range=_span(traces, "x"), nticks=5),
        xaxis2=axis(
            _wrapped(words["effect"]),
            domain=_RIGHT,
            range=_span(traces, "x2"),
            nticks=5,
            zeroline=True,
            zerolinecolor=INK,
        ),
        yaxis=axis(autorange="reversed", ticksuffix="  ", showgrid=False),
    )


def _bars(values: list[float], rows: list[str], title: str, color: str, xaxis: str, *, width: float = 0.5) -> go.Bar:
    return go.Bar(
        x=np.round(values, 2),
        y=rows,
        xaxis=xaxis,
        orientation="h",
        name=title,
        width=width,
        marker={"color": color, "cornerradius": 2},
        hovertemplate=f"%{{y}}, {title}: %{{x:.1f}}<extra></extra>",
    )


def _numbers(values: list[float], rows: list[str], right: float, form: str) -> list[dict[str, Any]]:
    """The values as a column at the right of a panel, where no mark can lie over them."""
    texts = [form.format(value) if round(value) else "0" for value in values]
    place = {"x": right, "xref": "paper", "xanchor": "right", "yref": "y", "showarrow": False}
    return [place | {"y": row, "text": text} for row, text in zip(rows, texts, strict=True)]


def _wrapped(title: str) -> str:
    """An axis title in short lines, as two of them share the width of a phone; Chinese breaks anywhere."""
    return "<br>".join(textwrap.wrap(title, 14))


def _span(traces: list[Any], xaxis: str) -> list[float]:
    """The range of an axis that holds all its marks, with room for the numbers at its right."""
    own = [trace for trace in traces if trace.xaxis == xaxis]
    ends = [np.array(trace.x) + np.array(trace.error_x.array) for trace in own if trace.error_x.array is not None]
    values = np.concatenate([*(trace.x for trace in own), *ends])
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = max(0.36 * (high - low), 0.5)
    return [low - room / 4 if low < 0 else 0.0, high + room]


def _whiskers(estimates: list[Estimate], rows: list[str], title: str, xaxis: str) -> go.Scatter:
    """A diamond with its interval for each estimate."""
    means = np.array([100 * estimate.value for estimate in estimates])
    above = np.array([100 * estimate.high for estimate in estimates]) - means
    below = means - np.array([100 * estimate.low for estimate in estimates])
    return go.Scatter(
        x=means.round(2),
        y=rows,
        xaxis=xaxis,
        mode="markers",
        name=title,
        marker={"symbol": "diamond-open", "size": 8, "color": INK, "line": {"width": 1.5}},
        error_x={"array": above.round(2), "arrayminus": below.round(2), "color": INK, "thickness": 1.5, "width": 4},
        hovertemplate=f"%{{y}}, {title}: %{{x:.1f}}<extra></extra>",
    )


def region_outlines(pixels: Pixels, regions: NDArray[Any], side: int = SIDE) -> Pixels:
    """The crop (H, W, 3) with the borders of its parts in white on black: uint8 (side, side, 3).

    Args:
        pixels: the crop.
        regions: (R, R), the index of the part at every pixel; best twice as fine as ``side``, for smooth lines.
        side: of the picture in pixels.
    """
    crop = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
    border = np.zeros(regions.shape, dtype=np.bool_)
    border[:, 1:] |= regions[:, 1:] != regions[:, :-1]
    border[1:] |= regions[1:] != regions[:-1]
    fine = len(regions) / side
    for color, width in (((14, 17, 21), 2.0 * fine), ((255, 255, 255), 0.9 * fine)):
        line = Image.fromarray(_thickened(border, width).astype(np.uint8) * 235)
        crop.paste(color, mask=line.resize((side, side), Image.Resampling.BOX))
    return np.asarray(crop)


def centres(regions: NDArray[Any]) -> dict[int, tuple[float, float]]:
    """Where the name of each part can stand: (x, y) in 0..1, inside the part, by its index.

    That is the middle of the part's widest run on its middle row, as the middle of a ring lies outside it.
    """
    size = len(regions)
    places = {}
    for index in np.unique(regions).tolist():
        rows = np.flatnonzero((regions == index).any(axis=1))
        row = int(rows[len(rows) // 2])
        steps = np.flatnonzero(np.diff(np.r_[0, (regions[row] == index).astype(int), 0])).reshape(-1, 2)
        start, end = max(steps.tolist(), key=lambda run: run[1] - run[0])
        places[index] = ((start + end) / 2 / size, (row + 0.5) / size)
    return places


def _thickened(mask: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Everything within ``radius`` pixels of the mask."""
    import cv2

    reach = max(1, round(radius))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    thick: NDArray[np.bool_] = cv2.dilate(mask.astype(np.uint8), disc).astype(np.bool_)
    return thick
