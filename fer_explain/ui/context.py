"""What every tab gets from the page around it."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.ui.texts import Texts


@dataclass(frozen=True, slots=True)
class Page:
    """The service that computes, the texts, and the picker of the model all tabs use."""

    blocks: gr.Blocks
    analyzer: Analyzer
    i18n: gr.I18n
    model: gr.Dropdown

    def heading(self, panel: str, level: int = 2) -> None:
        """A panel's title and the one plain sentence under it."""
        gr.HTML(self.i18n(f"{panel}.title"), html_template=f"<h{level}>${{value}}</h{level}>")
        gr.HTML(self.i18n(f"{panel}.hint"), html_template='<p class="fer-hint">${value}</p>')


def texts_for(request: gr.Request | None) -> Texts:
    """The texts in the language that a browser asks for; English without a browser."""
    return Texts.of(request.headers.get("accept-language") if request else None)
