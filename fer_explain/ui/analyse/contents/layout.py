"""A table of contents that comes up once the answer is scrolled away; no panel has to tell it anything.

It has no PLACE, since it stands above all panels.
"""

from __future__ import annotations

import gradio as gr

from fer_explain.ui.shell.context import Page
from fer_explain.ui.shell.files import script


def build(page: Page) -> None:
    """Adds the table."""
    gr.HTML(
        page.i18n("contents.title"),
        html_template='<nav aria-label="${value}" class="fer-contents" inert></nav>',
        js_on_load=script("analyse/contents/contents.js"),
        elem_id="contents",
    )
