"""The tab that sends one face through several models and shows where they differ."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from fer_explain.emotions import LABELS
from fer_explain.ui.compare.events import Comparing
from fer_explain.ui.compare.state import Compared
from fer_explain.ui.shell.components import figure, photo_input
from fer_explain.ui.shell.context import AT_ONCE, COMPUTING, KEPT, Page
from fer_explain.ui.shell.examples import strip
from fer_explain.ui.shell.session import PREDICTED
from fer_explain.ui.shell.status import STATUS

NAME: Final = "compare"
PLACE: Final = 30
FIRST: Final = 4  # models that are chosen at the start


def build(page: Page) -> None:
    """Adds the tab's components and wires them."""
    text = page.i18n
    names = page.analyzer.models
    state = gr.State(Compared(), time_to_live=KEPT)
    with gr.Column(elem_classes="fer-card"):
        page.heading("compare")
        with gr.Row(elem_classes="fer-controls", equal_height=False):
            with gr.Column(scale=2, min_width=260):
                drop = photo_input(
                    sources=["upload", "clipboard"],
                    label=text("photo.title"),
                    show_label=False,
                    placeholder=text("photo.drop"),
                    buttons=[],
                    height=132,
                    elem_id="compare-drop",
                )
                examples = strip(text, "compare-examples")
            with gr.Column(scale=3, min_width=280):
                models = gr.CheckboxGroup(
                    names, value=names[:FIRST], label=text("compare.models"), elem_id="compare-models"
                )
                target = gr.Radio(
                    [(text("heat.predicted"), PREDICTED), *((text(f"emotion.{label}"), label) for label in LABELS)],
                    value=PREDICTED,
                    label=text("heat.target"),
                    elem_id="compare-target",
                )
                with gr.Row(elem_classes="fer-controls"):
                    method = gr.Dropdown(
                        [("Grad-CAM", "gradcam")],
                        value="gradcam",
                        label=text("heat.method"),
                        elem_id="compare-method",
                        min_width=150,
                    )
                    shared = gr.Radio(
                        [(text("compare.shared"), True), (text("compare.own"), False)],
                        value=True,
                        label=text("compare.scale"),
                        elem_id="compare-scale",
                    )
        with gr.Row(elem_classes="fer-controls"):
            line = gr.HTML(text("status.ready"), html_template=STATUS, elem_id="compare-status")
            stop = gr.Button(text("heat.stop"), visible=False, elem_id="compare-stop", scale=0, size="sm", min_width=90)
    table = gr.HTML(elem_id="compare-columns")
    with gr.Column(elem_classes="fer-card", visible=False) as alike:
        page.heading("likeness")
        with gr.Row():
            matrices = [_matrix(page, key) for key in ("agreement", "correlation", "overlap")]
    question = [state, models, method, target, shared]
    outputs = [state, line, table, *matrices, alike, stop]
    _wire(page, question, outputs, drop=drop, examples=examples)


def _matrix(page: Page, key: str) -> gr.HTML:
    with gr.Column(min_width=240):
        gr.HTML(page.i18n(f"compare.{key}"), html_template="<h3>${value}</h3>")
        return figure(f"compare-{key}")


def _wire(page: Page, question: list[Any], outputs: list[Any], *, drop: gr.Image, examples: gr.HTML) -> None:
    do = Comparing(page.analyzer)
    _, models, method, target, shared = question
    stop = outputs[-1]
    # The newest one wins, see Turns; "always_last" would repeat the first one's data.
    computing = COMPUTING | {"outputs": outputs, "trigger_mode": "multiple"}
    drop.upload(do.look, [*question, drop], **computing).then(lambda: None, None, drop, **AT_ONCE)
    examples.pick(do.try_example, question, **computing)
    models.input(do.ask, question, **computing)
    models.input(do.offer, [models, target], target, **AT_ONCE)
    page.tabs[NAME].select(do.offer, [models, target], target, **AT_ONCE)
    method.select(do.ask, question, **computing)
    target.input(do.ask, question, **computing)
    shared.input(do.ask, question, **computing)
    page.tabs[NAME].select(do.arrive, [*question, page.session], **computing)
    page.blocks.load(do.methods, None, method, **AT_ONCE)
    stop.click(do.stop, question[0], [outputs[1], stop], **AT_ONCE)
    # Models may have been added since the page was built.
    page.tabs[NAME].select(lambda: gr.CheckboxGroup(page.analyzer.models), None, models, **AT_ONCE)
