"""Should one believe the map? It is put to the test by itself, in the queue, and the verdict stands below it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.ui.components import plot
from fer_explain.ui.context import Page, texts_for
from fer_explain.ui.offering import offer_receipt
from fer_explain.ui.sections import Section, Updates
from fer_explain.ui.session import Session
from fer_explain.ui.texts import Texts
from fer_explain.ui.views import receipt as view

CURVES: Final = ("deletion", "insertion", "road")
STEP: Final = 0.04  # of the work between two messages to the page

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Panel:
    """The components of the section."""

    line: gr.HTML
    stop: gr.Button
    more: gr.Accordion
    table: gr.HTML
    key: gr.HTML
    curves: dict[str, gr.Plot]

    @property
    def all(self) -> list[Any]:
        """Everything the section changes."""
        return [self.line, self.stop, self.more, self.table, self.key, *self.curves.values()]


@dataclass(slots=True)
class Run:
    """A test that is under way for one page."""

    stopped: threading.Event = field(default_factory=threading.Event)


def build(page: Page, session: gr.State) -> Section:
    """Adds the section."""
    text = page.i18n
    with gr.Column(elem_classes="fer-card", elem_id="receipt"):
        page.heading("receipt")
        line = gr.HTML(elem_id="receipt-line")
        stop = gr.Button(text("receipt.stop"), visible=False, size="sm", elem_id="receipt-stop")
        with gr.Accordion(text("receipt.more"), open=False, visible=False, elem_id="receipt-more") as more:
            table = gr.HTML(elem_id="receipt-table")
            key = gr.HTML()
            with gr.Row(equal_height=False):
                curves = {name: _curve(page, name) for name in CURVES}
    testing = Testing(page.analyzer, Panel(line, stop, more, table, key, curves))
    offer_receipt(page.analyzer)
    stop.click(testing.stop, None, None, queue=False, show_progress="hidden", api_visibility="private")
    return Section(testing.panel.all, testing.show, testing.follow, at_once=True)


def _curve(page: Page, name: str) -> gr.Plot:
    with gr.Column(scale=1, min_width=230):
        gr.HTML(page.i18n(f"receipt.{name}.figure"), html_template="<h3>${value}</h3>")
        return plot(f"receipt-{name}")


class Testing:
    """The callbacks. A page has one test at a time: a newer one silences the older, which ends at its next step."""

    def __init__(self, analyzer: Analyzer, panel: Panel) -> None:
        self.panel = panel
        self._analyzer = analyzer
        self._running: dict[str, Run] = {}

    def show(self, session: Session, texts: Texts) -> Updates:
        """A new map: the receipt of an earlier one goes at once."""
        analysis = session.analysis
        return self._say(view.working(0, texts), stop=analysis is not None and analysis.heatmap is not None)

    def stop(self, request: gr.Request) -> None:
        """The visitor does not want to wait for the receipt."""
        run = self._running.get(str(request.session_hash))
        if run is not None:
            run.stopped.set()

    def follow(self, session: Session, request: gr.Request) -> Iterator[Updates]:
        """Tests the map, tells how far it is, and shows the receipt."""
        texts, page, run = texts_for(request), str(request.session_hash), Run()
        earlier = self._running.get(page)
        self._running[page] = run
        if earlier is not None:
            earlier.stopped.set()
        try:
            for updates in self._steps(session, run, texts):
                if self._running.get(page) is not run:
                    return
                yield updates
        finally:
            run.stopped.set()
            if self._running.get(page) is run:
                del self._running[page]

    def _steps(self, session: Session, run: Run, texts: Texts) -> Iterator[Updates]:
        analysis = session.analysis
        if analysis is None or analysis.heatmap is None or not analysis.heatmap.scale:
            yield self._say(view.note(texts("receipt.empty")))
            return
        try:
            yield from self._test(session, run, texts)
        except FerError as error:
            yield self._say(view.note(str(error)))
        except Exception:
            _log.exception("the test of a heat map failed")
            yield self._say(view.note(texts("receipt.broken")))

    def _test(self, session: Session, run: Run, texts: Texts) -> Iterator[Updates]:
        from fer_explain.explain.faithfulness import make_receipt  # imports torch
        from fer_explain.explain.turns import in_steps

        question, face = session.question, session.face
        assert question is not None, "the session was explained"
        assert face is not None, "the session was explained"
        ask = partial(
            make_receipt, self._analyzer, face, question.model, question.method, question.label, **question.parameters
        )
        steps, shown = in_steps(lambda report: ask(progress=report)), 0.0
        try:
            while not run.stopped.is_set():
                share = next(steps)
                if share >= shown + STEP:
                    shown = share
                    yield {self.panel.line: view.working(share, texts)}
            yield self._say(view.note(texts("receipt.stopped")))
        except StopIteration as end:
            yield self._receipt(end.value, texts)
        finally:
            steps.close()

    def _say(self, line: str, *, stop: bool = False) -> Updates:
        """One line and nothing else."""
        panel = self.panel
        return {
            panel.line: line,
            panel.stop: gr.Button(visible=stop),
            panel.more: gr.Accordion(visible=False),
            panel.table: "",
            panel.key: "",
            **dict.fromkeys(panel.curves.values()),
        }

    def _receipt(self, receipt: Any, texts: Texts) -> Updates:
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
            panel.more: gr.Accordion(visible=True, open=False),
            panel.table: view.check_table(receipt, texts),
            panel.key: view.curve_key(texts),
            **{panel.curves[name]: perturbation_curve(receipt.curves[name], **words) for name in CURVES},
        }
