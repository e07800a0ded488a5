"""Which parts of the face the map points at, and what happens when each is hidden."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.ui import endpoints
from fer_explain.ui.components import drawn, figure
from fer_explain.ui.context import Page, texts_for
from fer_explain.ui.sections import Section, Updates
from fer_explain.ui.session import Session
from fer_explain.ui.texts import Texts
from fer_explain.ui.views.status import status

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Panel:
    """The components of the section."""

    sentence: gr.HTML
    parts: gr.HTML
    bars: gr.HTML
    usual: gr.HTML

    @property
    def all(self) -> list[Any]:
        """Everything the section changes."""
        return [self.sentence, self.parts, self.bars, self.usual]


def build(page: Page, session: gr.State) -> Section:
    """Adds the section."""
    with gr.Column(elem_classes="fer-card", elem_id="regions"):
        page.heading("regions")
        sentence = gr.HTML(elem_id="region-sentence")
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


class Audit:
    """The callbacks."""

    def __init__(self, analyzer: Analyzer, panel: Panel) -> None:
        self.panel = panel
        self._analyzer = analyzer

    def show(self, session: Session, texts: Texts) -> Updates:
        """A new face or map: what an earlier one left goes."""
        busy = f'<p class="fer-note">{texts("regions.busy" if session.analysis else "regions.nothing")}</p>'
        return {
            self.panel.sentence: busy,
            self.panel.parts: "",
            self.panel.bars: "",
            self.panel.usual: "",
        }

    def follow(self, session: Session, request: gr.Request) -> Updates:
        """Hides the parts of the face one by one; says nothing once another map is asked for."""
        texts = texts_for(request)
        with session.visit.start("regions", session, once=True) as task:
            updates = self._told(session, texts) if task.wanted else {}
            return updates if task.wanted else {self.panel.sentence: gr.skip()}

    def _told(self, session: Session, texts: Texts) -> Updates:
        try:
            return self._audit(session, texts)
        except FerError as error:
            return {self.panel.sentence: status(str(error), error=True)}
        except Exception:
            _log.exception("the audit of the regions failed")
            return {self.panel.sentence: status(texts("status.broken"), error=True)}

    def _audit(self, session: Session, texts: Texts) -> Updates:
        from fer_explain.explain.region_audit import audit_explained  # imports torch
        from fer_explain.explain.region_profile import read_profile
        from fer_explain.figures.regions import region_bars
        from fer_explain.ui.views import regions as view

        analysis, question, panel = session.analysis, session.question, self.panel
        if analysis is None or analysis.heatmap is None or question is None:
            return {panel.sentence: ""}
        audit = audit_explained(self._analyzer, analysis, question.model)
        profile = read_profile(self._analyzer.checkpoint(question.model).folder)
        label = analysis.prediction.labels[audit.target]
        own = profile.classes.get(label) if profile else None
        comparable = own if profile and profile.method == audit.method else None
        emotion = texts.emotion(label)
        bars = region_bars(audit, comparable, names=view.region_names(texts), words=view.bar_words(texts))
        return {
            panel.sentence: view.audit_sentence(audit, emotion, texts),
            panel.parts: view.outlined_face(analysis.face, audit, texts),
            panel.bars: drawn(bars),
            panel.usual: view.usual_sentence(profile, own, emotion, texts),
        }
