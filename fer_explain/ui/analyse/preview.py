"""What the four panels will show, for the page before its first photo."""

from __future__ import annotations

from html import escape
from typing import Final

from fer_explain.ui.shell.texts import Texts

_ICONS: Final = {
    "verdict": '<path d="M4 6h14M4 12h9M4 18h5"/>',
    "heat": '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="5"/><circle cx="12" cy="12" r="1"/>',
    "stn": '<path d="M3 3h18v18H3z"/><path d="m8 6 11 3-3 10-11-3z"/>',
    "gates": '<path d="M4 20V9m4 11V4m4 16v-8m4 8V7m4 13v-5"/>',
}


def preview(texts: Texts) -> str:
    """A sketch of each panel with its title and the sentence that goes with it."""
    sections = "".join(
        f'<section><svg viewBox="0 0 24 24" aria-hidden="true">{icon}</svg><h3>{escape(texts(f"{panel}.title"))}</h3>'
        f'<p class="fer-hint">{escape(texts(f"{panel}.hint"))}</p></section>'
        for panel, icon in _ICONS.items()
    )
    return f'<div class="fer-preview">{sections}</div>'
