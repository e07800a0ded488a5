"""The heat map's part of the Analyse tab: its settings, its progress, and the map itself."""

from __future__ import annotations

from collections.abc import Generator

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.types import Face, FaceAnalysis
from fer_explain.ui.analyse.controls import ResultPanel
from fer_explain.ui.analyse.heat_map.settings import named, settings
from fer_explain.ui.analyse.heat_map.view import heat
from fer_explain.ui.analyse.section import Updates
from fer_explain.ui.shell.session import Question, Session
from fer_explain.ui.shell.status import progress
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import Task, telling


class Explanation:
    """What the tab's callbacks need of one explanation after another."""

    def __init__(self, analyzer: Analyzer, result: ResultPanel) -> None:
        self._analyzer = analyzer
        self._result = result

    def work_out(
        self, face: Face, question: Question, task: Task[Session], texts: Texts
    ) -> Generator[Updates, None, FaceAnalysis]:
        """Yields the progress of a slow explanation and returns the answer; raises ``Unwanted`` where nobody waits."""
        from fer_explain.explain.registry import method  # imports torch

        asked = question.model, question.method, question.label
        if not method(question.method).slow:
            [analysis] = self._analyzer.explain([face], *asked, **question.parameters)
            return analysis
        steps = task.through(self._analyzer.explain_in_steps([face], *asked, **question.parameters))
        title = method(question.method).title
        [analysis] = yield from telling(steps, lambda share: self._working(share, title, texts))
        return analysis

    def show(self, session: Session, texts: Texts) -> Updates:
        """The map, or an empty frame while it is worked out."""
        from fer_explain.explain.registry import method

        assert session.analysis is not None, "the session was explained"
        assert session.question is not None, "the session was explained"
        assert session.shown is not None, "the session has a photo"
        title = method(session.question.method).title
        return {self._result.heat: heat(session.shown, session.analysis, title, texts), **self.finished()}

    def finished(self) -> Updates:
        """Nothing is being worked out any more."""
        return {self._result.progress: "", self._result.stop: gr.Button(visible=False)}

    def offer(self, question: Question, texts: Texts) -> str:
        """The controls of an explanation, with the values it was last given."""
        from fer_explain.explain.registry import method

        variant = method(question.method)
        about, parameters = named(f"method.{variant.name}", variant.description, texts), variant.parameters()
        wanted = {parameter.kind for parameter in parameters}
        layers = self._analyzer.layers(question.model) if "layer" in wanted else []
        labels = self._analyzer.checkpoint(question.model).config.label_names if "classes" in wanted else ()
        return settings(about, parameters, question, layers, labels, texts)

    def _working(self, share: float, title: str, texts: Texts) -> Updates:
        sentence = texts("heat.progress", method=title, percent=round(100 * share))
        return {self._result.progress: progress(share, sentence), self._result.stop: gr.Button(visible=True)}
