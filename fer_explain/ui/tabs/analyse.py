"""The tab where a photo goes in and an explained expression comes out.

Here are its components and which event calls what; what happens then is in :mod:`fer_explain.ui.analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final

import gradio as gr

from fer_explain.emotions import LABELS
from fer_explain.ui.analysis import Analysis, invitation, methods
from fer_explain.ui.components import figure, photo_input, script
from fer_explain.ui.context import Page, texts_for
from fer_explain.ui.panels import PhotoPanel, ResultPanel, components
from fer_explain.ui.sections import Section, lab, receipt, regions, report, stability, studio
from fer_explain.ui.session import PREDICTED
from fer_explain.ui.views.status import STATUS

NAME: Final = "analyse"
# What follows the chosen face below the three panels, in this order: modules of fer_explain.ui.sections.
SECTIONS: Final[tuple[ModuleType, ...]] = (receipt, studio, lab, regions, report)


def build(page: Page) -> None:
    """Adds the tab's components and wires them."""
    session = page.session
    with gr.Row(elem_classes="fer-columns", equal_height=False):
        with gr.Column(scale=5, min_width=300, elem_classes=["fer-card", "fer-side"]):
            photo = _photo_panel(page)
        with gr.Column(scale=10, min_width=300):
            result, sections = _result_panel(page, session)
    _wire(page, session, photo, result, sections)


def _photo_panel(page: Page) -> PhotoPanel:
    text = page.i18n
    panel = PhotoPanel(
        status=gr.HTML(text("status.ready"), html_template=STATUS, elem_id="status"),
        picker=gr.HTML(js_on_load=script("photo.js"), elem_id="picker"),
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
    gr.HTML(page.i18n("photo.examples"), html_template="<h3>${value}</h3>")
    return gr.HTML(js_on_load=script("examples.js"), elem_id="examples")


def _result_panel(page: Page, session: gr.State) -> tuple[ResultPanel, list[Section]]:
    # Which of the two is seen is up to the style sheet, which looks for a verdict: Gradio builds what is invisible only
    # when it is made visible, and loses that when it happens while the page is still being built.
    with gr.Column(elem_classes=["fer-card", "fer-empty"], elem_id="empty"):
        page.heading("empty")
        preview = gr.HTML(elem_id="preview")
    with gr.Column(elem_id="results"):
        with gr.Column(elem_classes="fer-card"):
            verdict = _verdict(page)
            steady = stability.build(page)
        with gr.Row(equal_height=True):
            with gr.Column(scale=8, min_width=280, elem_classes="fer-card"):
                heat = _heat(page)
            with gr.Column(scale=5, min_width=240, elem_classes="fer-card"):
                page.heading("stn")
                stn = gr.HTML(elem_id="stn")
        with gr.Column(elem_classes="fer-card"):
            gates = _gates(page)
        sections = [steady, *(section.build(page, session) for section in SECTIONS)]
    panel = ResultPanel(preview=preview, stn=stn, **verdict, **heat, **gates)
    return panel, sections


def _verdict(page: Page) -> dict[str, Any]:
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


def _heat(page: Page) -> dict[str, Any]:
    text = page.i18n
    page.heading("heat")
    target = gr.Radio(
        [(text("heat.predicted"), PREDICTED), *((text(f"emotion.{label}"), label) for label in LABELS)],
        value=PREDICTED,
        label=text("heat.target"),
        elem_id="target",
    )
    heat = gr.HTML(js_on_load=script("heat.js"), elem_id="heat")
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
    settings = gr.HTML(js_on_load=script("settings.js"), elem_id="settings")
    return {
        "heat": heat, "target": target, "method": method, "settings": settings, "progress": progress, "stop": stop,
    }  # fmt: skip


def _gates(page: Page) -> dict[str, Any]:
    text = page.i18n
    page.heading("gates")
    # No dropdown: Gradio's may stay empty when its choices come before it is built.
    layer = gr.HTML(js_on_load=script("layer.js"), elem_id="layer")
    summary = gr.HTML(elem_id="gate")
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            channels = figure("channels")
        with gr.Column(scale=2, min_width=260, elem_id="overview-box"):
            gr.HTML(text("gates.overview"), html_template="<h3>${value}</h3>")
            overview = figure("overview")
    return {
        "layer": layer,
        "summary": summary,
        "channels": channels,
        "overview": overview,
    }


def _wire(page: Page, session: gr.State, photo: PhotoPanel, result: ResultPanel, sections: Sequence[Section]) -> None:
    """Connects what people do with what happens then. Only their own actions are listened to, never ``.change``;
    at a dropdown, ``.select``, because its ``.input`` also fires when it is merely left.

    Every question is sent at once and the newest one wins, which :class:`~fer_explain.ui.visit.Visit` sees to. Gradio's
    own ``always_last`` would not do: it repeats the *first* event with what that one carried, and only after its end.
    Of several listeners to one action, Gradio calls each after the end of the one before; the quick ones come first.
    """
    do = Analysis(page.analyzer, session, photo, result, sections)
    question = [session, page.model, result.method, result.target]
    # What Gradio updates it builds anew, without the drop zone's own way to read a file: this one is only emptied.
    shown = [component for component in components(photo) if component is not photo.drop]
    follow = [component for section in sections for component in section.outputs]
    computing = {
        "outputs": [session, *shown, *components(result), *follow],
        "show_progress": "minimal",
        "show_progress_on": [photo.status],
        "trigger_mode": "multiple",
        "concurrency_limit": 2,
        "concurrency_id": "network",
        "api_visibility": "private",
    }
    drawing = {"show_progress": "hidden", "queue": False, "trigger_mode": "always_last", "api_visibility": "private"}
    for event in (page.blocks.load, result.method.select, page.model.select):
        event(do.offer, question, result.settings, **drawing)
    adjusted = result.settings.adjust(do.adjust, session, None, **drawing | {"trigger_mode": "multiple"})
    answered = [
        photo.drop.upload(do.look, [*question, photo.drop], **computing),
        photo.examples.pick(do.try_example, question, **computing),
        photo.whole.click(do.take_whole_image, question, **computing),
        photo.picker.pick(do.pick, question, **computing),
        photo.faces.input(do.choose, [*question, photo.faces], **computing),
        result.target.input(do.ask, question, **computing),
        result.method.select(do.ask, question, **computing),
        adjusted.then(do.ask, question, **computing),
        page.model.select(do.ask, question, **computing),
        page.tabs[NAME].select(do.arrive, [*question, page.brought], **computing),
    ]
    answered[0].then(lambda: None, None, photo.drop, **drawing)
    result.stop.click(do.stop, session, None, **drawing)
    following = {"show_progress": "hidden", "trigger_mode": "multiple", "api_visibility": "private"}
    for event in answered:
        for section in sections:
            if section.follow is not None:
                event.then(section.follow, session, section.outputs, **following)

    def invite(request: gr.Request) -> tuple[Any, str, str]:
        return invitation(texts_for(request), usable=bool(page.analyzer.models))

    result.order.input(do.reorder, [session, result.order], result.bars, **drawing)
    page.blocks.load(invite, None, [photo.status, photo.examples, result.preview], **drawing)
    page.blocks.load(methods, None, result.method, **drawing)
    result.layer.pick(do.show_layer, session, [result.summary, result.channels], **drawing)
