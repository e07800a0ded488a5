"""One line under the answer; it has no PLACE, since it belongs there and not among the panels below the map."""

from __future__ import annotations

import gradio as gr

from fer_explain.ui.analyse.section import Section
from fer_explain.ui.analyse.stability.events import Check
from fer_explain.ui.shell.context import Page


def build(page: Page) -> Section:
    """Adds the line."""
    check = Check(page.analyzer, gr.HTML(elem_id="stability"))
    return Section([check.line], check.show, check.follow, at_once=True)
