"""Puts the tested map to the test on the very face that is shown, and says how it and the chosen map did.

This comes last of all that follows an answer: the chosen map's own test goes before it, and is only looked up here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.types import Face
from fer_explain.ui.analyse.section import Section, Updates, followed
from fer_explain.ui.analyse.tested_map.question import best_of, is_best
from fer_explain.ui.analyse.tested_map.view import note, verdicts
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.session import Question, Session
from fer_explain.ui.shell.status import trouble
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import Task, telling

if TYPE_CHECKING:
    from fer_explain.explain.faithfulness import Receipt
    from fer_explain.explain.tested import Trial

KIND: Final = "verdicts"  # of the task


class Verdicts:
    """The callbacks."""

    def __init__(self, analyzer: Analyzer, line: gr.HTML) -> None:
        self.line = line
        self._analyzer = analyzer

    @property
    def section(self) -> Section:
        """What the tab must know."""
        return Section([self.line], self.show, self.follow, at_once=True)

    def show(self, _session: Session, _texts: Texts) -> Updates:
        """A new map: what was said of an earlier one goes at once."""
        return {self.line: ""}

    def follow(self, session: Session, request: gr.Request) -> Iterator[Updates]:
        """Tests the tested map, tells how far it is, and says how both did; nothing once another is asked for."""
        texts = texts_for(request)
        yield from followed(
            session,
            KIND,
            partial(self._steps, session, texts),
            unwanted=lambda _: {self.line: gr.skip()},
            failed=lambda error: {self.line: note(trouble(error, texts, "tested.broken"))},
        )

    def _steps(self, session: Session, texts: Texts, task: Task[Session]) -> Iterator[Updates]:
        from fer_explain.explain.turns import in_steps  # imports torch

        question, face = session.question, session.face
        if question is None or face is None or session.analysis is None:
            yield {self.line: gr.skip()}
            return
        found = best_of(self._analyzer, question.model)
        tested = None
        if found is not None and not is_best(question, found):
            steps = task.through(in_steps(self._test(session, question, face, found.best)))

            def testing(share: float) -> Updates:
                return {self.line: note(texts("tested.testing", percent=round(100 * share)))}

            tested = yield from telling(steps, testing)
        yield {self.line: verdicts(self._of_the_chosen(question, face), tested, texts)}

    def _test(
        self, session: Session, question: Question, face: Face, best: Trial
    ) -> Callable[[Callable[[float], None]], Receipt]:
        from fer_explain.explain.faithfulness import make_receipt  # imports torch

        newest = session.visit.change(session, lambda now: now)
        shown = newest.tested if newest.analysis is session.analysis else None
        asked = question.model, best.method, question.label
        return lambda report: make_receipt(
            self._analyzer, face, *asked, analysis=shown, progress=report, **best.settings
        )

    def _of_the_chosen(self, question: Question, face: Face) -> Receipt | None:
        from fer_explain.explain.faithfulness import kept_receipt  # imports torch

        asked = question.model, question.method, question.label
        return kept_receipt(self._analyzer, face, *asked, **question.parameters)
