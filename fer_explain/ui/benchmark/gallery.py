"""The faces of the Benchmark tab: those of a clicked cell, or of any question about them, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.selection import Selection, select
from fer_explain.errors import FerError
from fer_explain.faces.rows import FaceRows, read_rows
from fer_explain.hub.lineup import Lineup
from fer_explain.types import Detection
from fer_explain.ui.benchmark.controls import ANY, BenchmarkPanel
from fer_explain.ui.benchmark.events import Updates, Values
from fer_explain.ui.benchmark.state import PAGE, Benchmarked, look, pages
from fer_explain.ui.benchmark.view import Card, gallery, row_list
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import status, trouble
from fer_explain.ui.shell.texts import Texts

_KNOWN = {ANY: None, "with": True, "without": False}


class Browsing:
    """The callbacks. ``data`` is the FER2013 copy the faces come from, a folder or a Hub id, or None."""

    def __init__(self, analyzer: Analyzer, panel: BenchmarkPanel, data: str | None) -> None:
        self._analyzer = analyzer
        self._is = panel
        self._data = data

    def cell(self, values: Values, event: gr.EventData, request: gr.Request) -> Updates:
        """A cell of a confusion matrix was clicked: its faces are shown, and the filters say which they are."""
        is_ = self._is
        filters = {
            is_.model: str(event.model),
            is_.true: int(event.row),
            is_.said: int(event.column),
            is_.outcome: ANY,
            is_.low: 0,
            is_.high: 100,
            is_.duplicates: ANY,
            is_.disputed: False,
        }
        wanted = replace(self._wanted({**values, **filters}), against=str(event.against) or None)
        return filters | self._faces(values, wanted, 0, texts_for(request))

    def filter(self, values: Values, request: gr.Request) -> Updates:
        """Other faces are wanted."""
        return self._faces(values, self._wanted(values), 0, texts_for(request))

    def turn(self, step: int) -> Callable[[Values, gr.Request], Updates]:
        """What the buttons of the pages do."""

        def show(values: Values, request: gr.Request) -> Updates:
            state: Benchmarked = values[self._is.state]
            wanted = state.wanted or self._wanted(values)
            return self._faces(values, wanted, state.page + step, texts_for(request))

        return show

    def bring(self, tab: str) -> Callable[[str, Session, gr.EventData], tuple[Session, Detection, gr.Tabs]]:
        """What opens a face on another tab: it takes the place of the photo there."""

        def open_face(split: str, session: Session, event: gr.EventData) -> tuple[Session, Detection, gr.Tabs]:
            try:
                face = self._face(split, int(event.row))
            except FerError as error:
                raise gr.Error(str(error)) from None
            task, moved = session.visit.ask(session, lambda now: now.found(face))
            with task:
                return moved, face, gr.Tabs(selected=tab)

        return open_face

    def _face(self, split: str, row: int) -> Detection:
        """A face as the networks saw it, which is all of the picture."""
        from fer_explain.faces.detect import FACE_CROP, whole_image

        if self._data is None:
            raise FerError("There are no faces without a data set.")
        pixels = read_rows(self._data, split).image(row)
        found = self._analyzer.detect(pixels)
        if [face.source for face in found.faces] == [FACE_CROP]:  # with landmarks, then
            return found
        return Detection(pixels, [whole_image(pixels)], found.detector)

    def _wanted(self, values: Values) -> Selection:
        is_ = self._is
        return Selection(
            model=values[is_.model] or "",
            true=None if values[is_.true] == ANY else int(values[is_.true]),
            said=None if values[is_.said] == ANY else int(values[is_.said]),
            outcome=values[is_.outcome],
            low=values[is_.low] / 100,
            high=values[is_.high] / 100,
            duplicates=_KNOWN[values[is_.duplicates]],
            disputed=values[is_.disputed],
            order=values[is_.order],
        )

    def _faces(self, values: Values, wanted: Selection, page: int, texts: Texts) -> Updates:
        is_ = self._is
        try:
            view = look(self._analyzer, values[is_.models], values[is_.split], together=values[is_.together])
            here = self._data if view.found[0].group.has_fer2013 else None
            data = read_rows(here, values[is_.split]) if here else None
            disputed = _disputed(data, view) if wanted.disputed else None
            rows = select(view.models, wanted, view.leaked, disputed)
            page = min(max(page, 0), pages(rows) - 1)
            state = replace(values[is_.state], wanted=wanted, page=page)
            return {is_.state: state, **self._page(rows, page, view, data, texts)}
        except Exception as error:
            return {is_.found: status(trouble(error, texts), error=True), is_.faces: ""}

    def _page(self, rows: Integers, page: int, view: Lineup, data: FaceRows | None, texts: Texts) -> Updates:
        is_ = self._is
        shown = rows[PAGE * page : PAGE * (page + 1)].tolist()
        cards = [_card(row, view, data) for row in shown]
        told = texts("bench.faces", n=f"{len(rows):,}", page=page + 1, pages=pages(rows))
        listed = "" if data is not None else row_list(rows, texts)
        return {
            is_.found: status(told),
            is_.faces: listed + gallery(cards, view.models, texts),
            is_.back: gr.Button(interactive=page > 0),
            is_.on: gr.Button(interactive=page + 1 < pages(rows)),
        }


def _card(row: int, view: Lineup, data: FaceRows | None) -> Card:
    duplicate = None if view.leaked is None else bool(row in view.leaked)
    if data is None or row not in data:
        return Card(row, None, {}, duplicate)
    return Card(row, data.image(row), data.votes(row), duplicate)


def _disputed(data: FaceRows | None, view: Lineup) -> Integers | None:
    if data is None or not data.voted:
        return None
    one = view.models[0]
    return data.disputed(dict(zip(one.rows.tolist(), (one.label_names[k] for k in one.labels), strict=True)))
