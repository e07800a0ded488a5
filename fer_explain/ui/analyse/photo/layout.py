"""Where a photo comes in."""

from __future__ import annotations

import gradio as gr

from fer_explain.ui.analyse.controls import PhotoPanel
from fer_explain.ui.device.switch import switch
from fer_explain.ui.shell.components import photo_input
from fer_explain.ui.shell.context import Page
from fer_explain.ui.shell.examples import strip
from fer_explain.ui.shell.files import script
from fer_explain.ui.shell.status import STATUS


def photo_panel(page: Page) -> PhotoPanel:
    """Adds the drop zone, the examples, and what says which faces were found."""
    text = page.i18n
    panel = PhotoPanel(
        status=gr.HTML(text("status.ready"), html_template=STATUS, elem_id="status"),
        picker=gr.HTML(js_on_load=script("analyse/photo/photo.js"), elem_id="picker"),
        faces=gr.Radio([], label=text("photo.faces"), visible=False, elem_id="faces"),
        whole=gr.Button(text("photo.whole"), visible=False, elem_id="whole"),
        drop=photo_input(
            sources=["upload", "webcam", "clipboard"],
            label=text("photo.title"),
            show_label=False,
            placeholder=text("photo.drop"),
            buttons=[],
            height=230,
            elem_id="drop",
        ),
        examples=_examples(page),
    )
    for key in ("photo.hint", "photo.law"):
        gr.HTML(text(key), html_template='<p class="fer-small">${value}</p>')
    return panel


def _examples(page: Page) -> gr.HTML:
    switch(page, "photo")
    gr.HTML(page.i18n("photo.examples"), html_template="<h3>${value}</h3>")
    return strip(page.i18n, "examples")
