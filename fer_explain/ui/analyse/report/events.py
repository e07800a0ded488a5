"""One click saves everything about the chosen face: a page to keep, and all numbers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.ui.analyse.section import Updates
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import progress, status, trouble
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import Task, Unwanted, telling

if TYPE_CHECKING:
    from fer_explain.report import Report


KIND: Final = "report"  # of the task


class Saver:
    """The callbacks.

    A file lies in the folder of uploads for the minute that it takes to fetch it, and is then deleted like an
    upload, see :mod:`~fer_explain.ui.shell.uploads`.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        note: gr.HTML,
        stop: gr.Button,
        html: gr.DownloadButton,
        numbers: gr.DownloadButton,
    ) -> None:
        self._analyzer = analyzer
        self._note = note
        self._stop = stop
        self._html = html
        self._numbers = numbers

    @property
    def outputs(self) -> list[Any]:
        """Everything the section changes."""
        return [self._note, self._stop, self._html, self._numbers]

    def show(self, _session: Session, _texts: Texts) -> Updates:
        """A report of an earlier face is not offered any more."""
        hidden = gr.DownloadButton(value=None, visible=False)
        return {self._note: "", self._stop: gr.Button(visible=False), self._html: hidden, self._numbers: hidden}

    def stop(self, session: Session) -> None:
        """The report is not wanted any more: its event ends at its next step."""
        session.visit.stop(KIND)

    def make(self, session: Session, request: gr.Request) -> Iterator[Updates]:
        """Computes the report, tells how far it is, and offers it; another face or map ends it."""
        texts, done = texts_for(request), {self._stop: gr.Button(visible=False)}
        try:
            with session.visit.start(KIND, session) as task:
                if task.early:
                    yield {self._note: status(texts("status.early"))}
                    return
                report = yield from self._computing(session, task, texts)
                html, numbers = self._write(report)
                task.check()
        except Unwanted as end:
            yield {self._note: status(texts("report.stopped")) if end.stopped else "", **done}
        except Exception as error:
            yield {self._note: status(trouble(error, texts), error=True), **done}
        else:
            yield {
                self._note: status(texts("report.ready", seconds=f"{report.seconds:.0f}")),
                **done,
                self._html: gr.DownloadButton(value=html, visible=True),
                self._numbers: gr.DownloadButton(value=numbers, visible=True),
            }

    def _computing(self, session: Session, task: Task[Session], texts: Texts) -> Generator[Updates, None, Report]:
        """Yields the progress and returns the report."""
        from fer_explain.explain.turns import in_steps

        task.check()
        steps = task.through(in_steps(partial(self._report, session, texts)))
        yield {
            **self.show(session, texts),
            self._note: progress(0, texts("report.busy")),
            self._stop: gr.Button(visible=True),
        }
        return (yield from telling(steps, lambda share: {self._note: progress(share, texts("report.busy"))}))

    def _report(self, session: Session, texts: Texts, tell: Callable[[float], None]) -> Report:
        from fer_explain.report import report_on

        detection, question = session.detection, session.question
        if detection is None or question is None:
            raise FerError(texts("report.nothing"))
        return report_on(
            self._analyzer,
            detection,
            [session.chosen],
            model=question.model,
            method=question.method,
            target=question.label,
            progress=lambda share, _what: tell(share),
            **question.parameters,
        )

    def _write(self, report: Report) -> tuple[str, str]:
        """The two files, in a folder whose name nobody can guess."""
        from fer_explain.report import to_html, to_json

        folder = Path(self._html.GRADIO_CACHE) / secrets.token_hex(16)
        folder.mkdir(parents=True)
        name = f"fer-explain-{report.created:%Y%m%d-%H%M%S}"
        html, numbers = folder / f"{name}.html", folder / f"{name}.json"
        html.write_text(to_html(report), encoding="utf-8")
        numbers.write_text(json.dumps(to_json(report), allow_nan=False), encoding="utf-8")
        return str(html), str(numbers)
