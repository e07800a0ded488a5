"""Which parts of the face the map points at, and what happens when each is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.ui.analyse.section import Updates
from fer_explain.ui.shell.components import drawn
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import status, trouble
from fer_explain.ui.shell.texts import Texts


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
        except Exception as error:
            return {self.panel.sentence: status(trouble(error, texts), error=True)}

    def _audit(self, session: Session, texts: Texts) -> Updates:
        from fer_explain.explain.region_audit import audit_explained  # imports torch
        from fer_explain.explain.region_use import read_profile
        from fer_explain.figures.regions import region_bars
        from fer_explain.ui.analyse.regions import view

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
