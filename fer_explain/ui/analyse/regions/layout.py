"""Which parts of the face the map points at, and what happens when each is hidden."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.ui.analyse.regions.events import Audit, Panel
from fer_explain.ui.analyse.section import Section
from fer_explain.ui.shell import endpoints
from fer_explain.ui.shell.components import figure
from fer_explain.ui.shell.context import Page

PLACE: Final = 40  # among the panels below the map


def build(page: Page, session: gr.State) -> Section:
    """Adds the section."""
    with gr.Column(elem_classes="fer-card", elem_id="regions"):
        page.heading("regions")
        sentence = gr.HTML(elem_id="region-sentence")
        with gr.Accordion(page.i18n("regions.more"), open=False, elem_id="regions-more"):
            with gr.Row(equal_height=False):
                with gr.Column(scale=2, min_width=220):
                    parts = gr.HTML(elem_id="region-parts")
                with gr.Column(scale=5, min_width=300):
                    bars = figure("region-bars")
            usual = gr.HTML(elem_id="region-usual")
    _offer(page.analyzer)
    audit = Audit(page.analyzer, Panel(sentence, parts, bars, usual))
    return Section(audit.panel.all, audit.show, audit.follow, at_once=True)


def _offer(analyzer: Analyzer) -> None:
    """Adds the audit to the programming interface."""

    def audit_regions(photo: str, model: str = "", method: str = "gradcam", target: str = "") -> list[dict[str, Any]]:
        """Shares of an explanation on brows, eyes, nose, mouth, cheeks, hair and background, checked by hiding each.

        Args:
            photo: the image file.
            model: name of a model, see list_models; empty for the default one.
            method: name of an explanation, see list_methods.
            target: the expression to explain, e.g. happy; empty for the predicted one.

        Returns:
            for each face the shares (0..1) and the probability lost by region, their rank correlation, and a verdict.
        """
        from fer_explain.explain import region_audit  # imports torch

        faces = analyzer.detect(photo).faces
        question = model or None, method or "gradcam", target or None
        return [region_audit.audit_regions(analyzer, face, *question).to_json() for face in faces]

    endpoints.endpoint(audit_regions, [endpoints.photo(), *endpoints.question()])
