"""Should one believe the map? It is put to the test by itself, in the queue, and the verdict stands below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.ui.analyse.receipt import view
from fer_explain.ui.analyse.section import Updates, followed
from fer_explain.ui.shell.components import drawn
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import trouble
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import Task, Unwanted, telling

if TYPE_CHECKING:
    from fer_explain.explain.faithfulness import Receipt

KIND: Final = "receipt"  # of the task
CURVES: Final = ("deletion", "insertion", "road")


@dataclass(frozen=True, slots=True)
class Panel:
    """The components of the section."""

    line: gr.HTML
    stop: gr.Button
    again: gr.Button
    more: gr.Accordion
    table: gr.HTML
    key: gr.HTML
    curves: dict[str, gr.HTML]

    @property
    def all(self) -> list[Any]:
        """Everything the section changes."""
        return [self.line, self.stop, self.again, self.more, self.table, self.key, *self.curves.values()]


class Testing:
    """The callbacks."""

    def __init__(self, analyzer: Analyzer, panel: Panel) -> None:
        self.panel = panel
        self._analyzer = analyzer

    def show(self, _session: Session, texts: Texts) -> Updates:
        """A new map: the receipt of an earlier one goes at once. What has not begun cannot be stopped yet."""
        return self._say(view.working(0, texts))

    def stop(self, session: Session) -> None:
        """The visitor does not want to wait for the receipt: the test ends at its next step."""
        session.visit.stop(KIND)

    def follow(self, session: Session, request: gr.Request) -> Iterator[Updates]:
        """Tests the map, tells how far it is, and shows the receipt; nothing once another map is asked for."""
        texts = texts_for(request)

        def unwanted(end: Unwanted) -> Updates:
            stopped = self._say(view.note(texts("receipt.stopped")), again=True)
            return stopped if end.stopped else {self.panel.line: gr.skip()}

        def failed(error: Exception) -> Updates:
            return self._say(view.note(trouble(error, texts, "receipt.broken")), again=True)

        steps = partial(self._steps, session, texts)
        yield from followed(session, KIND, steps, unwanted=unwanted, failed=failed)

    def _steps(self, session: Session, texts: Texts, task: Task[Session]) -> Iterator[Updates]:
        from fer_explain.explain.turns import in_steps  # imports torch

        analysis = session.analysis
        if analysis is None or analysis.heatmap is None or not analysis.heatmap.scale:
            yield self._say(view.note(texts("receipt.empty")))
            return
        yield self._say(view.working(0, texts), stop=True)
        steps = task.through(in_steps(partial(self._test, session)))
        receipt = yield from telling(steps, lambda share: {self.panel.line: view.working(share, texts)})
        yield self._receipt(receipt, texts)

    def _test(self, session: Session, report: Callable[[float], None]) -> Receipt:
        from fer_explain.explain.faithfulness import make_receipt  # imports torch

        question, face = session.question, session.face
        assert question is not None, "the session was explained"
        assert face is not None, "the session was explained"
        asked = question.model, question.method, question.label
        return make_receipt(
            self._analyzer, face, *asked, analysis=session.analysis, progress=report, **question.parameters
        )

    def _say(self, line: str, *, stop: bool = False, again: bool = False) -> Updates:
        """One line and nothing else."""
        panel = self.panel
        return {
            panel.line: line,
            panel.stop: gr.Button(visible=stop),
            panel.again: gr.Button(visible=again),
            panel.more: gr.Accordion(visible=False),
            panel.table: "",
            panel.key: "",
            **dict.fromkeys(panel.curves.values(), ""),
        }

    def _receipt(self, receipt: Receipt, texts: Texts) -> Updates:
        from fer_explain.figures.receipt import perturbation_curve

        panel = self.panel
        words = {
            "share": texts("receipt.share"),
            "probability": texts("receipt.probability"),
            "own": texts("receipt.key.map"),
            "random": texts("receipt.key.random"),
            "centre": texts("receipt.key.centre"),
        }
        return {
            panel.line: view.receipt_line(receipt, texts),
            panel.stop: gr.Button(visible=False),
            panel.again: gr.Button(visible=False),
            panel.more: gr.Accordion(visible=True, open=False),
            panel.table: view.check_table(receipt, texts),
            panel.key: view.curve_key(texts),
            **{panel.curves[name]: drawn(perturbation_curve(receipt.curves[name], **words)) for name in CURVES},
        }
