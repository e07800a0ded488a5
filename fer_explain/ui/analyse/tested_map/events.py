"""Works out the tested map once the chosen one is there, as a task that a newer question ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.ui.analyse.heat_map.view import frame, heat
from fer_explain.ui.analyse.section import Section, Updates, followed
from fer_explain.ui.analyse.tested_map.question import best_of, is_best
from fer_explain.ui.analyse.tested_map.verdicts import Verdicts
from fer_explain.ui.analyse.tested_map.view import note, sentence
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import trouble
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import Task, telling

KIND: Final = "tested"  # of the task


@dataclass(frozen=True, slots=True)
class Panel:
    """The components."""

    figure: gr.HTML
    line: gr.HTML
    choose: gr.Button
    verdicts: gr.HTML


class SecondMap:
    """The callbacks."""

    def __init__(self, analyzer: Analyzer, panel: Panel) -> None:
        self.panel = panel
        self.verdicts = Verdicts(analyzer, panel.verdicts).section
        self._analyzer = analyzer

    @property
    def section(self) -> Section:
        """What the tab must know."""
        panel = self.panel
        return Section([panel.figure, panel.line, panel.choose], self.show, self.follow, at_once=True)

    def show(self, session: Session, texts: Texts) -> Updates:
        """A new answer: the room for the map, so that nothing moves when it comes, and what was measured."""
        from fer_explain.explain.registry import method

        if session.question is None or session.analysis is None or session.shown is None:
            return self._say("", "")
        try:
            found = best_of(self._analyzer, session.question.model)
        except FerError as error:
            return self._say("", note(str(error)))
        if found is None or is_best(session.question, found):
            return self._say("", sentence(found, texts, own=True))
        best = method(found.best.method)
        room = frame(session.shown, session.analysis, best.title, texts, signed=best.signed)
        return self._say(room, sentence(found, texts), choose=True)

    def choose(self, session: Session, model: str | None) -> Any:
        """The tested map is the chosen explanation from now on, as it was tested, whatever was set before."""
        from fer_explain.explain.registry import method

        found = best_of(self._analyzer, model)
        if found is None:
            return gr.skip()
        best = found.best
        settings = {parameter.name: parameter.default for parameter in method(best.method).parameters()} | best.settings
        session.visit.change(session, lambda now: now.adjust(model, best.method, settings))
        return gr.update(value=best.method)

    def follow(self, session: Session, request: gr.Request) -> Iterator[Updates]:
        """Works out the map, tells how far it is, and shows it; nothing once another answer is asked for."""
        texts = texts_for(request)
        yield from followed(
            session,
            KIND,
            partial(self._steps, session, texts),
            unwanted=lambda _: {self.panel.line: gr.skip()},
            failed=lambda error: self._say("", note(trouble(error, texts, "tested.broken"))),
        )

    def _steps(self, session: Session, texts: Texts, task: Task[Session]) -> Iterator[Updates]:
        from fer_explain.explain.registry import method

        question, face, shown = session.question, session.face, session.shown
        found = None if question is None else best_of(self._analyzer, question.model)
        if question is None or face is None or shown is None or found is None or is_best(question, found):
            yield {self.panel.line: gr.skip()}
            return
        best = found.best
        asked = question.model, best.method, question.label
        steps = task.through(self._analyzer.explain_in_steps([face], *asked, **best.settings))

        def working(share: float) -> Updates:
            return {self.panel.line: note(texts("tested.working", percent=round(100 * share)))}

        [analysis] = yield from telling(steps, working)
        session.visit.change(session, lambda now: now.beside(session.analysis, analysis))
        figure = heat(shown, analysis, method(best.method).title, texts)
        yield self._say(figure, sentence(found, texts), choose=True)

    def _say(self, figure: str, line: str, *, choose: bool = False) -> dict[Any, Any]:
        panel = self.panel
        return {panel.figure: figure, panel.line: line, panel.choose: gr.Button(visible=choose)}
