"""The tab where a photo goes in and an explained expression comes out.

Here are its components and which event calls what; what happens then is in :mod:`fer_explain.ui.analyse.events`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import gradio as gr

from fer_explain.hub.config import read_config
from fer_explain.ui import analyse
from fer_explain.ui.analyse.answer.layout import answer_panel
from fer_explain.ui.analyse.contents import layout as contents
from fer_explain.ui.analyse.controls import PhotoPanel, ResultPanel, components
from fer_explain.ui.analyse.events import Analysis, targets
from fer_explain.ui.analyse.gates.layout import gate_panel
from fer_explain.ui.analyse.heat_map.layout import heat_panel
from fer_explain.ui.analyse.photo.layout import photo_panel
from fer_explain.ui.analyse.preview import preview
from fer_explain.ui.analyse.section import Section
from fer_explain.ui.analyse.stability import layout as stability
from fer_explain.ui.analyse.tested_map.events import SecondMap
from fer_explain.ui.shell import view_link
from fer_explain.ui.shell.context import AT_ONCE, COMPUTING, QUIET, Page, texts_for
from fer_explain.ui.shell.discovery import layouts
from fer_explain.ui.shell.method_choice import methods
from fer_explain.ui.shell.status import status

NAME: Final = "analyse"
PLACE: Final = 10


def build(page: Page) -> None:
    """Adds the tab's components and wires them."""
    session = page.session
    with gr.Row(elem_classes="fer-columns", equal_height=False):
        with gr.Column(scale=4, min_width=300, elem_classes=["fer-card", "fer-side"]):
            photo = photo_panel(page)
        with gr.Column(scale=10, min_width=300):
            result, sections, tested = _result_panel(page, session)
    _wire(page, session, photo, result, sections, tested)


def _result_panel(page: Page, session: gr.State) -> tuple[ResultPanel, list[Section], SecondMap]:
    # Which of the two is seen is up to the style sheet, which looks for a verdict: Gradio builds what is invisible only
    # when it is made visible, and now and then loses that while the page is still being built (docs/house.md).
    with gr.Column(elem_classes=["fer-card", "fer-empty"], elem_id="empty"):
        page.heading("empty")
        preview(page)
    with gr.Column(elem_id="results"):
        contents.build(page)
        with gr.Column(elem_classes="fer-card"):
            verdict = answer_panel(page)
            steady = stability.build(page)
        with gr.Row(equal_height=True):
            with gr.Column(scale=8, min_width=280, elem_classes="fer-card"):
                heat, tested = heat_panel(page)
            with gr.Column(scale=5, min_width=240, elem_classes="fer-card"):
                page.heading("stn")
                stn = gr.HTML(elem_id="stn")
        with gr.Column(elem_classes="fer-card"):
            gates = gate_panel(page)
        below = [section.build(page, session) for section in layouts(analyse)]
        sections = [steady, tested.section, *below, tested.verdicts]
    panel = ResultPanel(stn=stn, **verdict, **heat, **gates)
    return panel, sections, tested


def _link(page: Page, result: ResultPanel, offer: Callable[[Any], object]) -> None:
    """Explanation and target are part of the address; ``offer`` has the settings of a restored explanation shown."""

    analyzer = page.analyzer

    def target(wanted: str, request: gr.Request) -> gr.Radio | None:
        models, model = analyzer.models, request.query_params.get("model")
        if not models:
            return None
        labels = read_config(analyzer.folder(model if model in models else models[0])).label_names
        return gr.Radio(targets(labels, texts_for(request)), value=wanted) if wanted in labels else None

    def method(wanted: str, _: gr.Request) -> str | None:
        from fer_explain.explain.registry import list_methods  # imports torch

        return wanted if wanted in list_methods() else None

    view_link.restore(page, "target", result.target, target)
    offer(view_link.restore(page, "method", result.method, method))


def _follow(answered: Sequence[Any], sections: Sequence[Section], session: gr.State) -> None:
    """What comes by itself after each answer."""
    following = QUIET | {"trigger_mode": "multiple"}
    for event in answered:
        for section in sections:
            if section.follow is not None:
                event.then(section.follow, session, section.outputs, **following)


def _no_model(request: gr.Request) -> str:
    return status(texts_for(request)("model.none"), error=True)


def _wire(
    page: Page,
    session: gr.State,
    photo: PhotoPanel,
    result: ResultPanel,
    sections: Sequence[Section],
    tested: SecondMap,
) -> None:
    """Connects what people do with what happens then. Only their own actions are listened to, never ``.change``.

    Upstream defect, https://github.com/gradio-app/gradio/issues/6712: a dropdown's ``.input`` also fires when it is
    merely left, so ``.select`` is listened to. Test: test_dropdown_tells_of_input_when_it_is_merely_left.

    Upstream defect, no issue found: ``always_last`` repeats the *first* event with what that one carried, so each
    question is sent at once, and ``shell.visit`` lets the newest one win.
    Test: test_always_last_repeats_what_the_first_event_carried.
    Of several listeners to one action, Gradio calls each after the end of the one before; the quick ones come first.
    """
    do = Analysis(page.analyzer, session, photo, result, sections)
    question = [session, page.model, result.method, result.target]
    asked = [*question, result.verdict]
    # What Gradio updates it builds anew, without the drop zone's own way to read a file: this one is only emptied.
    shown = [component for component in components(photo) if component is not photo.drop]
    computing = COMPUTING | {
        "outputs": [session, *shown, *components(result), *(part for section in sections for part in section.outputs)],
        "show_progress": "minimal",
        "show_progress_on": [photo.status],
        "trigger_mode": "multiple",
    }
    drawing = AT_ONCE | {"trigger_mode": "always_last"}
    view_link.note(result.method.select, "method", result.method)
    view_link.note(result.target.select, "target", result.target)
    for event in (page.blocks.load, result.method.select, page.model.select):
        event(do.offer, question, result.settings, **drawing)
    chosen = tested.panel.choose.click(tested.choose, [session, page.model], result.method, **drawing)
    view_link.note(chosen.then, "method", result.method)
    chosen = chosen.then(do.offer, question, result.settings, **drawing)
    adjusted = result.settings.adjust(do.adjust, session, None, **drawing | {"trigger_mode": "multiple"})
    answered = [
        photo.drop.upload(do.look, [*question, photo.drop], **computing),
        photo.examples.pick(do.try_example, question, **computing),
        photo.whole.click(do.take_whole_image, question, **computing),
        photo.picker.pick(do.pick, question, **computing),
        photo.faces.input(do.choose, [*question, photo.faces], **computing),
        result.target.input(do.ask, asked, **computing),
        result.method.select(do.ask, asked, **computing),
        adjusted.then(do.ask, asked, **computing),
        chosen.then(do.ask, asked, **computing),
        page.model.select(do.ask, asked, **computing),
        page.tabs[NAME].select(do.arrive, [*question, page.brought], **computing),
    ]
    answered[0].then(lambda: None, None, photo.drop, **drawing)
    result.stop.click(do.stop, session, None, **drawing)
    _follow(answered, sections, session)
    result.order.input(do.reorder, [session, result.order], result.bars, **drawing)
    if not page.analyzer.models:
        page.blocks.load(_no_model, None, photo.status, **drawing)
    page.blocks.load(methods, None, result.method, **drawing)
    _link(page, result, lambda event: event.then(do.offer, question, result.settings, **drawing))
    result.layer.pick(do.show_layer, session, [result.summary, result.channels], **drawing)
