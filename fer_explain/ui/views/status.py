"""The line that says where things stand, and the page's fixed pieces."""

from __future__ import annotations

from html import escape
from typing import Final

from fer_explain.ui.session import Session
from fer_explain.ui.texts import Texts

STATUS: Final = '<div class="fer-status">${value}</div>'  # holds a plain text at the start, then one of these sentences


def status(sentence: str, *, error: bool = False) -> str:
    """A sentence that screen readers announce when it changes."""
    kind = " fer-error" if error else ""
    return f'<p class="fer-status{kind}" role="{"alert" if error else "status"}">{escape(sentence)}</p>'


def progress(share: float, sentence: str) -> str:
    """How far something is (0..1), as a bar with a sentence."""
    return (
        f'<div class="fer-progress"><progress max="1" value="{share:.2f}" aria-label="{escape(sentence)}"></progress>'
        f"<span>{escape(sentence)}</span></div>"
    )


def faces_found(session: Session, texts: Texts) -> str:
    """How many faces there are and which one is shown."""
    total = len(session.faces)
    if session.detection is None:
        return status(texts("status.ready"))
    if not total:
        return status(texts("status.none"), error=True)
    if total > 1:
        return status(texts("status.many", total=total, n=session.chosen + 1))
    source = session.faces[0].source
    return status(texts({"whole image": "status.whole", "face crop": "status.crop"}.get(source, "status.one")))
