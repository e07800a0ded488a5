"""The answer: the expression and the probability of each."""

from __future__ import annotations

from typing import Any

import gradio as gr

from fer_explain.ui.shell.context import Page


def answer_panel(page: Page) -> dict[str, Any]:
    """Adds the answer; its components by name."""
    text = page.i18n
    page.heading("verdict")
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=220):
            verdict = gr.HTML(elem_id="verdict")
            order = gr.Radio(
                [(text("verdict.ranked"), True), (text("verdict.fixed"), False)],
                value=True,
                label=text("verdict.order"),
                elem_id="order",
            )
        with gr.Column(scale=3, min_width=280):
            bars = gr.HTML(elem_id="bars")
    return {"verdict": verdict, "order": order, "bars": bars}
