"""The STN studio: where the network looks can be changed by hand, and prediction and map follow.

Here are its components and which event calls what; ``events`` has what happens then.
"""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from fer_explain.explain.profile import READINGS
from fer_explain.ui.analyse.section import Section
from fer_explain.ui.analyse.stn_studio.events import RANGES, Controls, Studio
from fer_explain.ui.shell.components import figure
from fer_explain.ui.shell.context import AT_ONCE, COMPUTING, KEPT, Page
from fer_explain.ui.shell.files import script

PLACE: Final = 20  # among the panels below the map


def build(page: Page, session: gr.State) -> Section:
    """Adds the studio, closed, and wires it."""
    text = page.i18n
    with gr.Accordion(text("studio.title"), open=False, elem_id="studio", elem_classes="fer-card"):
        gr.HTML(text("studio.hint"), html_template='<p class="fer-hint">${value}</p>')
        note = gr.HTML(visible=False, elem_id="studio-note")
        with gr.Column() as room:
            controls = Controls(note=note, room=room, **_room(page), **_usual(page), turned=_state())
    studio = Studio(page.analyzer, controls)
    _wire(studio, session)
    return Section(controls.all, studio.show)


def _state() -> gr.State:
    return gr.State(None, time_to_live=KEPT)


def _room(page: Page) -> dict[str, Any]:
    text = page.i18n
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=280):
            shown = gr.HTML(js_on_load=script("analyse/stn_studio/stn_studio.js"), elem_id="studio-stage")
            problem = gr.HTML(elem_id="studio-problem")
            bars = gr.HTML(elem_id="studio-bars")
        with gr.Column(scale=2, min_width=260):
            sliders = [
                gr.Slider(low, high, step=step, label=text(f"studio.{name}"), elem_id=f"studio-{name}", buttons=[])
                for name, (low, high, step) in RANGES.items()
            ]
            identity = gr.Button(text("studio.identity"), size="sm", elem_id="studio-identity")
            reset = gr.Button(text("studio.reset"), size="sm", elem_id="studio-reset")
    return {
        "stage": shown, "problem": problem, "sliders": sliders, "identity": identity, "reset": reset, "bars": bars,
    }  # fmt: skip


def _usual(page: Page) -> dict[str, Any]:
    text = page.i18n
    with gr.Column(elem_id="studio-usual") as usual:
        gr.HTML(text("studio.usual"), html_template="<h3>${value}</h3>")
        choices = [(text(f"studio.reading.{name}"), name) for name in READINGS]
        reading = gr.Radio(choices, value=READINGS[0], label=text("studio.reading"), elem_id="studio-reading")
        spread = figure("studio-spread")
        source = gr.HTML()
    return {"usual": usual, "reading": reading, "spread": spread, "source": source}


def _wire(studio: Studio, session: gr.State) -> None:
    """One result at a time and the last wish wins, so that no backlog grows while a slider is dragged.

    Results are drawn in a second step that knows the session of *then*: what was made for another face is not shown.
    """
    controls = studio.controls
    computing, drawing = ({**known, "trigger_mode": "always_last"} for known in (COMPUTING, AT_ONCE))
    sliders, turned, shown = controls.sliders, controls.turned, [session, controls.reading, controls.turned]
    events = [
        gr.on([slider.input for slider in sliders], studio.turn, [session, *sliders], turned, **computing),
        # What is dragged comes with the event, of which "always_last" would repeat the first: the script waits instead.
        controls.stage.drag(studio.drag, session, [turned, *sliders], **computing | {"trigger_mode": "multiple"}),
        controls.identity.click(studio.identity, session, [turned, *sliders], **computing),
        controls.reset.click(studio.reset, session, [turned, *sliders], **computing),
    ]
    for event in events:
        # The chart takes the browser longest, so it comes after the answer.
        drawn = event.then(studio.draw, [session, controls.turned], controls.results, **drawing)
        drawn.then(studio.draw_spread, shown, controls.spread, **drawing)
    controls.reading.input(studio.draw_spread, shown, controls.spread, **drawing)
