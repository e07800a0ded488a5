"""The gates: which channels, or places, a layer let through."""

from __future__ import annotations

from typing import Any

import gradio as gr

from fer_explain.ui.shell.components import figure
from fer_explain.ui.shell.context import Page
from fer_explain.ui.shell.files import script


def gate_panel(page: Page) -> dict[str, Any]:
    """Adds the choice of a gate and its charts; its components by name."""
    text = page.i18n
    page.heading("gates")
    # No dropdown: Gradio's may stay empty when its choices come before it is built.
    layer = gr.HTML(js_on_load=script("analyse/gates/gates.js"), elem_id="layer")
    summary = gr.HTML(elem_id="gate")
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            channels = figure("channels")
        with gr.Column(scale=2, min_width=260, elem_id="overview-box"):
            gr.HTML(text("gates.overview"), html_template="<h3>${value}</h3>")
            overview = figure("overview")
    return {
        "layer": layer,
        "summary": summary,
        "channels": channels,
        "overview": overview,
    }
