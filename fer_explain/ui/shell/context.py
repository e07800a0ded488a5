"""What every tab gets from the page around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.ui.shell.texts import Texts

KEPT: Final = 1800  # seconds an open page's photo stays in memory after its last use

# Settings of listeners: what the page does by itself; that without waiting in the queue; and what a network computes.
QUIET: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: Final = QUIET | {"queue": False}
COMPUTING: Final = QUIET | {"concurrency_limit": 2, "concurrency_id": "network"}


@dataclass(frozen=True, slots=True)
class Page:
    """The service that computes, the texts, and what all tabs share.

    Attributes:
        model: the picker of the model.
        session: the photo on the Analyse tab and what is known about it, which other tabs may take up.
        brought: the last :class:`~fer_explain.types.Detection` that another tab put into the session; None without.
        data: where the user's copy of FER2013 lies, a folder or a Hub id; None without one.
        tabs: by name, as far as they are built.
    """

    blocks: gr.Blocks
    analyzer: Analyzer
    i18n: gr.I18n
    model: gr.Dropdown
    session: gr.State
    brought: gr.State
    data: str | None = None
    tabs: dict[str, gr.Tab] = field(default_factory=dict)

    def heading(self, panel: str, level: int = 2) -> None:
        """A panel's title and the one plain sentence under it."""
        gr.HTML(self.i18n(f"{panel}.title"), html_template=f"<h{level}>${{value}}</h{level}>")
        gr.HTML(self.i18n(f"{panel}.hint"), html_template='<p class="fer-hint">${value}</p>')


def texts_for(request: gr.Request | None) -> Texts:
    """The texts in the language that a browser asks for; English without a browser."""
    return Texts.of(request.headers.get("accept-language") if request else None)
