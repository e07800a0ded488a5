"""How many small changes of the photo leave the answer as it is, with the changed pictures behind the line."""

from __future__ import annotations

from html import escape

from fer_explain.explain.stability import Stability
from fer_explain.figures.probabilities import percent
from fer_explain.ui.shell.photo import picture_uri
from fer_explain.ui.shell.texts import Texts


def stability(found: Stability, texts: Texts) -> str:
    """One line; folded behind it every changed picture with its answer."""
    line = texts("stability.line", kept=found.kept, n=len(found.changes))
    pictures = "".join(
        f'<figure data-kept="{str(one.prediction.index == found.prediction.index).lower()}">'
        f'<img src="{picture_uri(one.face.pixels)}" alt="" width="72" height="72">'
        f"<figcaption>{escape(texts(f'bench.disturbance.{one.name}'))}<br>"
        f"<b>{escape(texts.emotion(one.prediction.label))}</b> "
        f"{percent(100 * one.prediction.confidence)}</figcaption></figure>"
        for one in found.changes
    )
    return (
        f'<details class="fer-set fer-stability" data-kept="{found.kept}"><summary>{escape(line)}</summary>'
        f'<p class="fer-small">{escape(texts("stability.hint"))}</p><div>{pictures}</div></details>'
    )
