"""What an intervention did to the probabilities."""

from __future__ import annotations

from html import escape

from fer_explain.emotions import color_of
from fer_explain.figures.probabilities import percent
from fer_explain.types import Prediction
from fer_explain.ui.shell.texts import Texts


def change_bars(before: Prediction, after: Prediction, texts: Texts) -> str:
    """A sentence, and a bar per class: its length is the probability now, the mark where it was before."""
    rows = "".join(_row(before, after, index, texts) for index in range(len(before.labels)))
    return (
        f'<p class="fer-change-verdict" role="status">{escape(change_sentence(before, after, texts))}</p>'
        f'<dl class="fer-change">{rows}</dl><p class="fer-small">{escape(texts("change.legend"))}</p>'
    )


def change_sentence(before: Prediction, after: Prediction, texts: Texts) -> str:
    """Whether the answer changed, and the two probabilities that tell."""
    old, new = texts.emotion(before.label), texts.emotion(after.label)
    was, now = _share(before, before.index), _share(after, after.index)
    if before.index == after.index:
        return texts("change.same", emotion=new, now=now, was=was)
    return texts("change.flipped", old=old, new=new, now=now, was=was)


def _share(prediction: Prediction, index: int) -> str:
    return percent(100 * float(prediction.probabilities[index]))


def _row(before: Prediction, after: Prediction, index: int, texts: Texts) -> str:
    label = before.labels[index]
    was, now = float(before.probabilities[index]), float(after.probabilities[index])
    points = round(100 * (now - was))
    moved = f"{points:+d}" if points else "±0"
    style = f"--emotion:{color_of(label, before.labels)};--was:{was:.4f};--now:{now:.4f}"
    return (
        f'<div style="{style}"><dt>{escape(texts.emotion(label))}</dt>'
        f"<dd><i></i><b>{_share(after, index)}</b> <small>{moved.replace('-', '−')}</small></dd></div>"
    )
