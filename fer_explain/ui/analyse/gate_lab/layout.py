"""The gate lab: channels of a gate can be closed, frozen or boosted, and the probabilities follow.

Here are its components and which event calls what; ``events`` has what happens then.
"""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from fer_explain.ui.analyse.gate_lab.controls import Bench
from fer_explain.ui.analyse.gate_lab.endpoints import offer_intervene
from fer_explain.ui.analyse.gate_lab.events import BOOST, FREEZE, OUT, Lab
from fer_explain.ui.analyse.section import Section
from fer_explain.ui.shell.components import figure
from fer_explain.ui.shell.context import AT_ONCE, COMPUTING, KEPT, Page

PLACE: Final = 30  # among the panels below the map
_HOLD: Final = "(...seen) => {document.querySelector('#lab-experiment').inert = true; return seen}"
_FREE: Final = "() => {document.querySelector('#lab-experiment').inert = false}"


def build(page: Page, session: gr.State) -> Section:
    """Adds the lab, closed, and wires it."""
    text = page.i18n
    with gr.Accordion(text("lab.title"), open=False, elem_id="lab", elem_classes="fer-card"):
        gr.HTML(text("lab.hint"), html_template='<p class="fer-hint">${value}</p>')
        note = gr.HTML(visible=False, elem_id="lab-note")
        with gr.Column() as room:
            parts = {**_gate(page), **_experiment(page)}
        bench = Bench(note=note, room=room, tried=gr.State(None, time_to_live=KEPT), **parts)
    lab = Lab(page.analyzer, bench)
    _wire(lab, session)
    offer_intervene(page.analyzer)
    return Section(bench.all, lab.show)


def _gate(page: Page) -> dict[str, Any]:
    layer = gr.Dropdown([], label=page.i18n("gates.layer"), elem_id="lab-layer")
    ranks = figure("lab-ranks")
    return {"layer": layer, "ranks": ranks, "source": gr.HTML(elem_id="lab-source")}


def _experiment(page: Page) -> dict[str, Any]:
    text = page.i18n
    with gr.Row(equal_height=False, elem_id="lab-experiment"):
        with gr.Column(scale=1, min_width=280):
            channels = gr.Dropdown([], multiselect=True, label=text("lab.channels"), elem_id="lab-channels")
            with gr.Row():
                buttons = {
                    name: gr.Button(text(f"lab.{name}"), size="sm", min_width=90, elem_id=f"lab-{name}")
                    for name in ("strongest", "unusual", "none")
                }
            choices = [(text(f"lab.{name}"), name) for name in (OUT, FREEZE, BOOST)]
            action = gr.Radio(choices, value=OUT, label=text("lab.action"), elem_id="lab-action")
            factor = gr.Slider(
                1, 4, value=2, step=0.1, label=text("lab.factor"), visible=False, buttons=[], elem_id="lab-factor"
            )
            with gr.Row():
                find = gr.Button(text("lab.find"), variant="primary", size="sm", elem_id="lab-find")
                stop = gr.Button(text("lab.stop"), size="sm", visible=False, elem_id="lab-stop")
            found = gr.HTML(elem_id="lab-found")
        with gr.Column(scale=1, min_width=280):
            bars = gr.HTML(elem_id="lab-bars")
    gr.HTML(text("lab.maps"), html_template="<h3>${value}</h3>")
    maps = gr.HTML(elem_id="lab-maps")
    return {
        "channels": channels, **buttons, "action": action, "factor": factor, "find": find, "stop": stop, "found": found,
        "bars": bars, "maps": maps,
    }  # fmt: skip


def _wire(lab: Lab, session: gr.State) -> None:
    """As in the studio: the last wish wins, and results are drawn in a second step that knows the face of *then*."""
    bench = lab.bench
    computing, drawing = ({**known, "trigger_mode": "always_last"} for known in (COMPUTING, AT_ONCE))
    asked = [session, bench.layer, bench.channels, bench.action, bench.factor]
    drawn = {"inputs": [session, bench.tried], "outputs": bench.all, **drawing}

    changed = [bench.channels.input, bench.action.input, bench.factor.input]
    gr.on(changed, lab.attempt, asked, [bench.tried, bench.factor], **computing).then(lab.draw, **drawn)
    for button, choose in (
        (bench.strongest, lab.strongest),
        (bench.unusual, lab.unusual),
        (bench.none, lambda *_: []),
    ):
        chosen = button.click(choose, [session, bench.layer], bench.channels, **drawing)
        chosen.then(lab.attempt, asked, [bench.tried, bench.factor], **computing).then(lab.draw, **drawn)
    # What is chosen before the layer is there would be lost: the answer to that click can come first.
    bench.layer.select(lab.show_layer, [session, bench.layer], bench.all, js=_HOLD, **drawing).then(None, js=_FREE)
    bench.find.click(
        lab.search,
        [session, bench.layer],
        [bench.tried, bench.found, bench.find, bench.stop],
        **computing | {"trigger_mode": "once", "concurrency_id": "search"},
    ).then(lab.draw, **drawn)
    bench.stop.click(lab.stop, session, None, **drawing)
