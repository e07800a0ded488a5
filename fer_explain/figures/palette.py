"""Colours and symbols that tell models apart, and the scales of matrices.

Emotions have their own colours; models get others (Tol's *muted* set, safe for colour-blind readers) and a symbol each,
so that no figure depends on colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer_explain.figures.colormap import table

_MODELS: Final = ("#4477AA", "#CC6677", "#117733", "#DDCC77", "#88CCEE", "#AA4499", "#44AA99", "#999933", "#882255")
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "star", "hexagon", "cross", "triangle-down")

# One hue, light to dark, and a diverging pair with a pale middle; solid, so that cells read the same on any page.
ONE_HUE: Final = ((0.0, "#f2f6fa"), (0.25, "#c3d9ec"), (0.5, "#7fb2d9"), (0.75, "#2f79b5"), (1.0, "#0b2f5c"))
DIVERGING: Final = ((0.0, "#8c3b00"), (0.25, "#e39a5b"), (0.5, "#f5f5f5"), (0.75, "#6aa6d6"), (1.0, "#08436f"))

# Without a size of its own plotly shrinks the texts of all cells until their markup, colours included, would fit.
CELL_FONT: Final = {"size": 12}


def model_color(index: int) -> str:
    """Colour of the ``index``-th model of a figure; repeats after nine, where the symbol still differs."""
    return _MODELS[index % len(_MODELS)]


def model_symbol(index: int) -> str:
    """Symbol of the ``index``-th model; its period differs from the colours' by the shift after each round."""
    return _SYMBOLS[(index + index // len(_MODELS)) % len(_SYMBOLS)]


def cell_texts(
    values: NDArray[Any], texts: Sequence[Sequence[str]], scale: Sequence[tuple[float, str]], low: float, high: float
) -> list[list[str]]:
    """The texts of a matrix's cells, each white or black, whichever stands out from the cell's colour.

    Args:
        values: (R, C), of which the colours are made.
        texts: R rows of C texts.
        scale: evenly spaced stops of the colour scale, :data:`ONE_HUE` or :data:`DIVERGING`.
        low: value of the scale's first colour; ``high`` of its last.
    """
    position = np.clip((values - low) / (high - low or 1) * 255, 0, 255).astype(int)
    luminance = table([color for _, color in scale])[position] @ np.array([0.299, 0.587, 0.114])
    return [
        [
            f'<span style="color:{"#111" if light > 140 else "#fff"}">{text}</span>'
            for text, light in zip(*row, strict=True)
        ]
        for row in zip(texts, luminance, strict=True)
    ]
