"""The second map, which stands beside the first from the start, and the line below both."""

from __future__ import annotations

import gradio as gr

from fer_explain.ui.analyse.tested_map.events import Panel, SecondMap
from fer_explain.ui.shell.context import Page
from fer_explain.ui.shell.files import script


def tested_figure() -> gr.HTML:
    """Adds the map; hidden while it is empty."""
    return gr.HTML(js_on_load=script("analyse/heat_map/heat_map.js"), elem_id="tested")


def map_switch(page: Page) -> None:
    """Adds the choice between the two maps where there is room for one; the style sheet shows it on a phone."""
    text = page.i18n
    maps = [(text("tested.first"), "first"), (text("tested.second"), "tested")]
    which = gr.Radio(maps, value="first", label=text("tested.which"), elem_id="which")
    which.input(None, which, js="v => {document.getElementById('results').dataset.map = v}")


def tested_line(page: Page, figure: gr.HTML) -> SecondMap:
    """Adds what is said below both maps: how each did on this face, how often the tested one holds, and the button that
    makes it the chosen one.
    """
    verdicts = gr.HTML(elem_id="verdicts")
    with gr.Row(elem_classes="fer-controls"):
        line = gr.HTML(elem_id="tested-line")
        choose = gr.Button(page.i18n("tested.choose"), visible=False, elem_id="tested-choose", scale=0, size="sm")
    return SecondMap(page.analyzer, Panel(figure, line, choose, verdicts))
