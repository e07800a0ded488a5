"""The answer in one line: the expression, how sure, and by which network."""

from __future__ import annotations

from html import escape

from fer_explain.benchmark.conformal import ConformalRule
from fer_explain.emotions import color_of
from fer_explain.figures.probabilities import percent
from fer_explain.types import Prediction
from fer_explain.ui.shell.texts import Texts


def verdict(prediction: Prediction, model: str, trained: bool, texts: Texts, rule: ConformalRule | None = None) -> str:
    """The predicted class with its probability, and the classes that hold the true one at the level of ``rule``.

    An untrained network is called that.
    """
    color = color_of(prediction.label, prediction.labels)
    warning = "" if trained else f'<p class="fer-untrained">{escape(texts("verdict.untrained"))}</p>'
    return (
        f'<div class="fer-verdict" style="--emotion:{color}" aria-live="polite">'
        f'<p class="fer-label">{escape(texts.emotion(prediction.label))} '
        f"<b>{percent(100 * prediction.confidence)}</b></p>"
        f'<p class="fer-by">{escape(model)}</p>{warning}'
        f"{_likely(prediction, rule, texts) if rule else ''}</div>"
    )


def _likely(prediction: Prediction, rule: ConformalRule, texts: Texts) -> str:
    """The set in one line, most probable class first; what it means is folded behind it."""
    shares = prediction.probabilities
    [chosen] = rule.sets(shares[None])
    ranked = sorted((i for i, inside in enumerate(chosen) if inside), key=lambda i: -shares[i])
    level = f"{100 * rule.level:.0f}"
    classes = texts("bench.set.or").join(texts.emotion(prediction.labels[i]) for i in ranked)
    told = texts("bench.set.note", classes=classes, level=level)
    hint = texts("bench.set.hint", n=f"{rule.n:,}", level=level)
    return (
        f'<details class="fer-set" data-classes="{len(ranked)}"><summary>{escape(told)}</summary>'
        f'<p class="fer-small">{escape(hint)}</p></details>'
    )
