"""What the four panels will show, for the page before its first photo."""

from __future__ import annotations

from typing import Final

import gradio as gr

from fer_explain.ui.shell.context import Page

_ICONS: Final = {
    "verdict": '<path d="M4 6h14M4 12h9M4 18h5"/>',
    "heat": '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="5"/><circle cx="12" cy="12" r="1"/>',
    "stn": '<path d="M3 3h18v18H3z"/><path d="m8 6 11 3-3 10-11-3z"/>',
    "gates": '<path d="M4 20V9m4 11V4m4 16v-8m4 8V7m4 13v-5"/>',
}


def preview(page: Page) -> None:
    """Adds a sketch of each panel with its title and the sentence that goes with it."""
    with gr.Row(elem_id="preview", elem_classes="fer-preview"):
        for panel, icon in _ICONS.items():
            with gr.Column(min_width=240):
                gr.HTML(f'<svg viewBox="0 0 24 24" aria-hidden="true">{icon}</svg>')
                page.heading(panel, level=3)
