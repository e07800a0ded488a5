"""Asks the network about the changed photo, once its answer is there."""

from __future__ import annotations

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.ui.analyse.section import Updates
from fer_explain.ui.analyse.stability.doubts import doubts
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import status, trouble
from fer_explain.ui.shell.texts import Texts


class Check:
    """The callbacks."""

    def __init__(self, analyzer: Analyzer, line: gr.HTML) -> None:
        self.line = line
        self._analyzer = analyzer

    def show(self, session: Session, texts: Texts) -> Updates:
        """A new face or answer: what keeps this picture from being read well, in place of what was said earlier."""
        return {self.line: "" if session.face is None else doubts(session.face, texts)}

    def follow(self, session: Session, request: gr.Request) -> Updates:
        """Asks the network about the changed faces; says nothing once another answer is asked for."""
        texts = texts_for(request)
        with session.visit.start("stability", session, once=True) as task:
            told = self._told(session, texts) if task.wanted else ""
            return {self.line: told if task.wanted else gr.skip()}

    def _told(self, session: Session, texts: Texts) -> str:
        from fer_explain.ui.analyse.stability.view import stability  # imports torch

        if session.face is None or session.question is None:
            return ""
        try:
            found = self._analyzer.stability(session.face, session.question.model)
            return doubts(session.face, texts) + stability(found, texts)
        except Exception as error:
            return status(trouble(error, texts), error=True)
