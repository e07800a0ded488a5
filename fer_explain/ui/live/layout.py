"""The tab where the camera's faces are read as they come."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from fer_explain.ui.device.switch import switch
from fer_explain.ui.live import events
from fer_explain.ui.live.view import stage
from fer_explain.ui.shell.context import AT_ONCE, Page, texts_for
from fer_explain.ui.shell.files import script
from fer_explain.ui.shell.status import trouble

NAME: Final = "live"
PLACE: Final = 20


def build(page: Page) -> None:
    """Adds the stage; its script asks :func:`see` about one frame after the other."""

    def see(message: Any, request: gr.Request) -> dict[str, Any]:
        texts = texts_for(request)
        try:
            return events.see(page.analyzer, events.Frame.from_json(message), texts)
        except Exception as error:
            return {"error": trouble(error, texts)}

    with gr.Column(elem_classes="fer-card"):
        page.heading("live")
        switch(page, "live")
        camera = gr.HTML(js_on_load=script("live/live.js"), server_functions=[see], elem_id="live")
    page.blocks.load(_stage, None, camera, **AT_ONCE)
    page.model.select(None, page.model, js="name => {document.body.dataset.model = name}")


def _stage(request: gr.Request) -> str:
    return stage(texts_for(request))
