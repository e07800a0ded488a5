"""Should one believe the map? It is put to the test by itself, in the queue, and the verdict stands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import gradio as gr

from fer_explain.ui.analyse.receipt.endpoints import offer_receipt
from fer_explain.ui.analyse.section import Section
from fer_explain.ui.shell.components import figure
from fer_explain.ui.shell.context import QUIET, Page

if TYPE_CHECKING:
    pass
from fer_explain.ui.analyse.receipt.events import CURVES, Panel, Testing

PLACE: Final = 10  # among the panels below the map


def build(page: Page, session: gr.State) -> Section:
    """Adds the section."""
    text = page.i18n
    with gr.Column(elem_classes="fer-card", elem_id="receipt"):
        page.heading("receipt")
        line = gr.HTML(elem_id="receipt-line")
        stop = gr.Button(text("receipt.stop"), visible=False, size="sm", elem_id="receipt-stop")
        again = gr.Button(text("receipt.again"), visible=False, size="sm", elem_id="receipt-again")
        with gr.Accordion(text("receipt.more"), open=False, visible=False, elem_id="receipt-more") as more:
            table = gr.HTML(elem_id="receipt-table")
            key = gr.HTML()
            with gr.Row(equal_height=False):
                curves = {name: _curve(page, name) for name in CURVES}
    testing = Testing(page.analyzer, Panel(line, stop, again, more, table, key, curves))
    offer_receipt(page.analyzer)
    stop.click(testing.stop, session, None, queue=False, **QUIET)
    again.click(testing.follow, session, testing.panel.all, **QUIET)
    return Section(testing.panel.all, testing.show, testing.follow, at_once=True)


def _curve(page: Page, name: str) -> gr.HTML:
    with gr.Column(scale=1, min_width=230):
        gr.HTML(page.i18n(f"receipt.{name}.figure"), html_template="<h3>${value}</h3>")
        return figure(f"receipt-{name}")
