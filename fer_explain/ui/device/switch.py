"""The switch "On this device" of a tab."""

from __future__ import annotations

from html import escape
from typing import Final, Literal

import gradio as gr

from fer_explain.ui.shell.context import AT_ONCE, Page, texts_for
from fer_explain.ui.shell.files import script
from fer_explain.ui.shell.texts import Texts

View = Literal["live", "photo"]
STATES: Final = ("off", "on", "unable")  # each has a sentence of its own, which says where the work is done


def switch(page: Page, view: View) -> None:
    """Adds the switch. While it is on, a frame with that view of the device's page stands below it, and the style
    sheet hides what works by the server."""

    def fill(request: gr.Request) -> str:
        return bar(view, texts_for(request))

    place = gr.HTML(js_on_load=script("device/switch.js"), elem_id=f"device-{view}", elem_classes="fer-switch")
    page.blocks.load(fill, None, place, **AT_ONCE)


def bar(view: View, texts: Texts) -> str:
    """The switch, what it says, and room for the frame."""
    sentences = "".join(f'<span data-when="{state}">{escape(texts(f"device.{state}"))}</span>' for state in STATES)
    return (
        f'<div class="fer-device" data-view="{view}" data-state="off">'
        f'<label><input type="checkbox" role="switch"> {escape(texts("device.switch"))}</label>'
        f'<p class="fer-small" role="status">{sentences}</p><div class="fer-device-frame"></div></div>'
    )
