"""The answer in one line: the expression, how sure, and by which network."""

from __future__ import annotations

from html import escape

from fer_explain.emotions import COLORS
from fer_explain.figures.probabilities import percent
from fer_explain.types import Prediction
from fer_explain.ui.texts import Texts


def verdict(prediction: Prediction, model: str, trained: bool, texts: Texts) -> str:
    """The predicted class with its probability; an untrained network is called that."""
    color = COLORS.get(prediction.label, "currentColor")
    warning = "" if trained else f'<p class="fer-untrained">{escape(texts("verdict.untrained"))}</p>'
    return (
        f'<div class="fer-verdict" style="--emotion:{color}" aria-live="polite">'
        f'<p class="fer-label">{escape(texts.emotion(prediction.label))} '
        f"<b>{percent(100 * prediction.confidence)}</b></p>"
        f'<p class="fer-by">{escape(model)}</p>{warning}</div>'
    )
