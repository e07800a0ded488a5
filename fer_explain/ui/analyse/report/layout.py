"""One click saves everything about the chosen face: a page to keep, and all numbers."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.ui.analyse.report.events import Saver
from fer_explain.ui.analyse.section import Section
from fer_explain.ui.shell import endpoints
from fer_explain.ui.shell.context import AT_ONCE, COMPUTING, Page

# The browser fetches the page as soon as it is there: that is the one click. The numbers wait for a click of their own.
SAVE: Final = """() => {
  const until = Date.now() + 5000;
  const save = () => {
    const button = document.querySelector("button#report-html, #report-html button, a#report-html");
    button ? button.click() : Date.now() < until && setTimeout(save, 50);
  };
  save();
}"""

PLACE: Final = 50  # among the panels below the map


def build(page: Page, session: gr.State) -> Section:
    """Adds the section and wires it."""
    text = page.i18n
    with gr.Column(elem_classes="fer-card", elem_id="report"):
        page.heading("report")
        with gr.Row(elem_classes="fer-controls"):
            make = gr.Button(text("report.make"), variant="primary", elem_id="make-report", scale=0, min_width=200)
            stop = gr.Button(text("report.stop"), visible=False, elem_id="report-stop", scale=0, min_width=90)
            html = gr.DownloadButton(text("report.html"), visible=False, elem_id="report-html", scale=0, min_width=160)
            numbers = gr.DownloadButton(
                text("report.json"), visible=False, elem_id="report-json", scale=0, min_width=160
            )
        note = gr.HTML(elem_id="report-note")
    _offer(page.analyzer)
    saver = Saver(page.analyzer, note, stop, html, numbers)
    event = make.click(saver.make, session, saver.outputs, **COMPUTING)
    event.success(None, None, None, js=SAVE, api_visibility="private")
    stop.click(saver.stop, session, None, **AT_ONCE)
    return Section(saver.outputs, saver.show, at_once=True)


def _offer(analyzer: Analyzer) -> None:
    """Adds the numbers of a report to the programming interface."""

    def report(photo: str, model: str = "", method: str = "gradcam", target: str = "") -> dict[str, Any]:
        """All numbers of a report: predictions, transformer, gates, map, its tests, parts of the face, model, versions.

        Args:
            photo: the image file.
            model: name of a model, see list_models; empty for the default one.
            method: name of an explanation, see list_methods.
            target: the expression to explain, e.g. happy; empty for the predicted one.

        Returns:
            what ``python -m fer_explain PHOTO --json`` writes.
        """
        from fer_explain.report import make_report, to_json

        return to_json(
            make_report(analyzer, photo, model=model or None, method=method or "gradcam", target=target or None)
        )

    endpoints.endpoint(report, [endpoints.photo(), *endpoints.question()])
