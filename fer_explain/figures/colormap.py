"""Perceptually uniform colour maps, as tables of 256 colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.colors
from numpy.typing import NDArray
from plotly.colors import sequential

from fer_explain.types import Floats, Pixels

INFERNO: Final = tuple(sequential.Inferno)
VIRIDIS: Final = tuple(sequential.Viridis)
# Evidence against (blue) and for (orange) a class around a neutral middle: two of the colour-blind-safe colours.
DIVERGING: Final = ("#08306b", "#0072B2", "#8fbcd8", "#f4f2ee", "#eaaf7f", "#D55E00", "#7a3200")


def table(colors: Sequence[str]) -> Pixels:
    """256 RGB colours (256, 3) interpolated between the given ones (``#rrggbb``)."""
    stops = np.array([_rgb(color) for color in colors], dtype=np.float64)
    at = np.linspace(0, len(stops) - 1, 256)
    channels = [np.interp(at, np.arange(len(stops)), channel) for channel in stops.T]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def colorize(values: Floats, *, signed: bool = False) -> Pixels:
    """A map (H, W) in 0..1, or in -1..1 when ``signed``, as a uint8 RGB picture (H, W, 3); beyond, it is clipped."""
    position = (values + 1) / 2 if signed else values
    indices: NDArray[np.intp] = np.clip(np.rint(position * 255), 0, 255).astype(np.intp)
    picture: Pixels = table(scale_of(signed))[indices]
    return picture


def scale_of(signed: bool) -> tuple[str, ...]:
    """The colours of a heat map's scale, from its lowest to its highest value."""
    return DIVERGING if signed else INFERNO


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = plotly.colors.hex_to_rgb(color)
    return red, green, blue
