"""The line that says where things stand, and the page's fixed pieces."""

from __future__ import annotations

import logging
from html import escape
from typing import Final

from fer_explain.errors import FerError
from fer_explain.ui.shell.texts import Texts

_log = logging.getLogger(__name__)

STATUS: Final = '<div class="fer-status">${value}</div>'  # holds a plain text at the start, then one of these sentences


def status(sentence: str, *, error: bool = False) -> str:
    """A sentence that screen readers announce when it changes."""
    kind = " fer-error" if error else ""
    return f'<p class="fer-status{kind}" role="{"alert" if error else "status"}">{escape(sentence)}</p>'


def trouble(error: Exception, texts: Texts, broken: str = "status.broken") -> str:
    """What went wrong, in one sentence: a person's own mistake is named, a bug of ours is logged."""
    if isinstance(error, FerError):
        return str(error)
    _log.error("a callback of the page failed", exc_info=error)
    return texts(broken)


def progress(share: float, sentence: str) -> str:
    """How far something is (0..1), as a bar with a sentence."""
    return (
        f'<div class="fer-progress"><progress max="1" value="{share:.2f}" aria-label="{escape(sentence)}"></progress>'
        f"<span>{escape(sentence)}</span></div>"
    )
