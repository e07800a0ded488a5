"""Calibrated probabilities as bars, one per class, in plain HTML: there at once, before the page has loaded plotly."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fer_explain.emotions import color_of
from fer_explain.figures.probabilities import percent
from fer_explain.types import Prediction
from fer_explain.ui.shell.texts import Texts


def probability_bars(prediction: Prediction, texts: Texts, *, ranked: bool = False) -> str:
    """A row for each class: the most probable on top if ``ranked``, otherwise in the order of the network's classes."""
    shares = prediction.probabilities.tolist()
    order = sorted(range(len(shares)), key=lambda index: -shares[index] if ranked else index)
    rows = "".join(_row(prediction.labels, index, shares[index], texts) for index in order)
    return f'<dl class="fer-bars">{rows}</dl>'


def _row(labels: Sequence[str], index: int, share: float, texts: Texts) -> str:
    label = labels[index]
    style = f"--p:{share:.4f};--emotion:{color_of(label, labels)}"
    return (
        f"<div><dt>{escape(texts.emotion(label))}</dt>"
        f'<dd style="{style}" title="{100 * share:.2f} %">{percent(100 * share)}</dd></div>'
    )
