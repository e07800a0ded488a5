"""What keeps a picture from being read well, in a sentence each. Needs no torch: it is shown with the answer."""

from __future__ import annotations

from html import escape

from fer_explain.faces.quality import warnings
from fer_explain.types import Face
from fer_explain.ui.shell.texts import Texts


def doubts(face: Face, texts: Texts) -> str:
    """The warnings about a face; nothing for a good picture."""
    return "".join(
        f'<p class="fer-note" data-warning="{limit.name}">{escape(texts(f"stability.warn.{limit.name}"))}</p>'
        for limit in warnings(face)
    )
