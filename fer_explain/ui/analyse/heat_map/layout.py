"""The heat map and the choice of an explanation."""

from __future__ import annotations

from typing import Any

import gradio as gr

from fer_explain.emotions import LABELS
from fer_explain.ui.analyse.tested_map.events import SecondMap
from fer_explain.ui.analyse.tested_map.layout import map_switch, tested_figure, tested_line
from fer_explain.ui.shell.context import Page
from fer_explain.ui.shell.files import script
from fer_explain.ui.shell.session import PREDICTED


def heat_panel(page: Page) -> tuple[dict[str, Any], SecondMap]:
    """Adds the map and its controls: its components by name, and the tested map beside it."""
    text = page.i18n
    page.heading("heat")
    map_switch(page)
    with gr.Row(equal_height=False):
        heat = gr.HTML(js_on_load=script("analyse/heat_map/heat_map.js"), elem_id="heat")
        figure = tested_figure()
    tested = tested_line(page, figure)
    target = gr.Radio(
        [(text("heat.predicted"), PREDICTED), *((text(f"emotion.{label}"), label) for label in LABELS)],
        value=PREDICTED,
        label=text("heat.target"),
        elem_id="target",
    )
    with gr.Row(elem_classes="fer-controls"):
        progress = gr.HTML(elem_id="progress")
        stop = gr.Button(text("heat.stop"), visible=False, elem_id="stop", scale=0, size="sm")
    with gr.Row(elem_classes="fer-controls"):
        method = gr.Dropdown(
            [("Grad-CAM", "gradcam")], value="gradcam", label=text("heat.method"), elem_id="method", min_width=150
        )
        opacity = gr.Slider(
            0, 100, value=60, step=5, label=text("heat.opacity"), elem_id="opacity", min_width=150, buttons=[]
        )
    opacity.input(None, opacity, js="v => {document.documentElement.style.setProperty('--map', v / 100)}")
    settings = gr.HTML(js_on_load=script("analyse/heat_map/settings.js"), elem_id="settings")
    return {
        "heat": heat, "target": target, "method": method, "settings": settings, "progress": progress, "stop": stop,
    }, tested  # fmt: skip
