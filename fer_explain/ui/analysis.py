"""What happens on the Analyse tab: unpack, ask the analyzer, hand the results to the views."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.figures.gates import channel_weights, layer_overview, spatial_map
from fer_explain.figures.probabilities import probability_bars
from fer_explain.types import ChannelGate, Detection
from fer_explain.ui.context import texts_for
from fer_explain.ui.examples import EXAMPLES, strip
from fer_explain.ui.panels import PhotoPanel, ResultPanel
from fer_explain.ui.sections import Section, Updates
from fer_explain.ui.session import PREDICTED, Question, Session
from fer_explain.ui.texts import Texts
from fer_explain.ui.views.gates import gate_summary
from fer_explain.ui.views.heat import heat
from fer_explain.ui.views.photo import face_picker
from fer_explain.ui.views.preview import preview
from fer_explain.ui.views.status import faces_found, status
from fer_explain.ui.views.stn import stn
from fer_explain.ui.views.verdict import verdict

_log = logging.getLogger(__name__)


class Analysis:
    """The callbacks. Those that compute yield updates as they are ready: faces first, then everything about one."""

    def __init__(
        self,
        analyzer: Analyzer,
        session: gr.State,
        photo: PhotoPanel,
        result: ResultPanel,
        sections: Sequence[Section],
    ) -> None:
        self._analyzer = analyzer
        self._session = session
        self._photo = photo
        self._result = result
        self._sections = sections

    def look(
        self, session: Session, model: str, method: str, target: str, path: str | None, request: gr.Request
    ) -> Iterator[Updates]:
        """A photo was uploaded, pasted or taken."""
        if path is None:
            yield {self._session: session}
            return
        yield {self._photo.drop: None, self._photo.status: status(texts_for(request)("status.busy"))}
        yield from self._answer(
            session, lambda: session.found(self._analyzer.detect(path)), Question(model, method, target), request
        )

    def try_example(
        self, session: Session, model: str, method: str, target: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """One of the examples was clicked."""
        pixels = EXAMPLES[int(event.index)].pixels
        yield from self._answer(
            session, lambda: session.found(self._analyzer.detect(pixels)), Question(model, method, target), request
        )

    def take_whole_image(
        self, session: Session, model: str, method: str, target: str, request: gr.Request
    ) -> Iterator[Updates]:
        """No face was found, and the visitor knows better."""
        yield from self._answer(
            session, lambda: session.found(_whole(session)), Question(model, method, target), request
        )

    def pick(
        self, session: Session, model: str, method: str, target: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """A face was clicked on the photo."""
        yield from self.choose(session, model, method, target, int(event.index), request)

    def choose(
        self, session: Session, model: str, method: str, target: str, index: int, request: gr.Request
    ) -> Iterator[Updates]:
        """Another face was chosen; the photo is not searched again."""
        yield from self._answer(session, lambda: session.choose(index), Question(model, method, target), request)

    def ask(self, session: Session, model: str, method: str, target: str, request: gr.Request) -> Iterator[Updates]:
        """Another model, explanation or target class was chosen."""
        yield from self._answer(session, lambda: session, Question(model, method, target), request)

    def reorder(self, session: Session, ranked: bool, request: gr.Request) -> tuple[Session, Any]:
        """The bars' order was chosen."""
        session = session.ordered(ranked)
        return session, _bars(session, texts_for(request))

    def show_layer(self, session: Session, layer: str, request: gr.Request) -> tuple[Session, str, Any]:
        """Another gate was chosen."""
        session, texts = session.look_at(layer), texts_for(request)
        return session, gate_summary(session.gate, texts), _gate_figure(session, texts)

    def _answer(
        self, session: Session, move: Callable[[], Session], question: Question, request: gr.Request
    ) -> Iterator[Updates]:
        """Moves on to another photo or face, shows it, then what is known about it; a failure ends in one sentence."""
        texts = texts_for(request)
        try:
            moved = move()
            if moved is not session:
                yield self._show_faces(moved, texts)
            if moved.face is not None:
                [analysis] = self._analyzer.explain([moved.face], question.model, question.method, question.label)
                yield self._show_analysis(moved.explained(analysis, question), texts)
            else:
                yield {self._session: moved}  # a generator that yields nothing would empty every output
        except FerError as error:
            yield self._show_error(str(error))
        except Exception:
            _log.exception("the Analyse tab failed")
            yield self._show_error(texts("status.broken"))

    def _show_error(self, sentence: str) -> Updates:
        return {self._photo.status: status(sentence, error=True)}

    def _show_faces(self, session: Session, texts: Texts) -> Updates:
        assert session.shown is not None, "a session that moved has a photo"
        many, none = len(session.faces) > 1, not session.faces
        choices = [(texts("photo.face", n=i + 1), i) for i in range(len(session.faces))]
        updates = {
            self._session: session,
            self._photo.status: faces_found(session, texts),
            self._photo.picker: face_picker(session.shown, session.faces, session.chosen, texts),
            self._photo.faces: gr.Radio(choices, value=session.chosen if many else None, visible=many),
            self._photo.whole: gr.Button(visible=none),
        }
        if none:
            updates |= {self._result.results: gr.Column(visible=False), self._result.empty: gr.Column(visible=True)}
        return updates

    def _show_analysis(self, session: Session, texts: Texts) -> Updates:
        from fer_explain.explain.registry import method  # imports torch

        analysis, shown, question = session.analysis, session.shown, session.question
        assert analysis is not None, "the session was explained"
        assert question is not None, "the session was explained"
        assert shown is not None, "the session has a photo"
        checkpoint = self._analyzer.checkpoint(question.model)
        result = self._result
        return {
            self._session: session,
            self._photo.status: faces_found(session, texts),
            result.empty: gr.Column(visible=False),
            result.results: gr.Column(visible=True),
            result.verdict: verdict(analysis.prediction, checkpoint.name, checkpoint.config.trained, texts),
            result.bars: _bars(session, texts),
            result.target: gr.Radio(targets(analysis.prediction.labels, texts)),
            result.heat: heat(shown, analysis, method(question.method).title, texts),
            result.stn: stn(analysis, texts),
            **self._show_gates(session, texts),
        }

    def show_sections(self, session: Session, request: gr.Request) -> Updates:
        """The parts of the tab that follow the chosen face, once it is explained."""
        texts, updates = texts_for(request), Updates()
        if session.analysis is not None:
            for section in self._sections:
                updates |= section.show(session, texts)
        return updates or {self._session: session}

    def _show_gates(self, session: Session, texts: Texts) -> Updates:
        result, analysis = self._result, session.analysis
        assert analysis is not None, "the session was explained"
        layers = [gate.layer for gate in session.gates]
        layer = session.gate.layer if session.gate else None
        several = len(analysis.gates) > 1
        overview = layer_overview(analysis.gates, weight=texts("gates.weight")) if several else None
        return {
            result.layer: gr.Dropdown(layers, value=layer, visible=len(layers) > 1),
            result.summary: gate_summary(session.gate, texts),
            result.channels: gr.Plot(_gate_figure(session, texts), visible=bool(layers)),
            result.overview: overview,
            result.overview_box: gr.Column(visible=several),
        }


def invitation(texts: Texts, usable: bool) -> tuple[str, str, str]:
    """What the page shows before the first photo: where things stand, pictures to try, what one will see.

    ``usable`` says whether there is any model.
    """
    ready = status(texts("status.ready")) if usable else status(texts("model.none"), error=True)
    return ready, strip(texts), preview(texts)


def methods() -> gr.Dropdown:
    """The explanations there are; their list needs torch, so it comes when the page is already there."""
    from fer_explain.explain.registry import list_methods, method

    return gr.Dropdown([(method(name).title, name) for name in list_methods()])


def targets(labels: Sequence[str], texts: Texts) -> list[tuple[str, str]]:
    """The classes one can ask about: the predicted one, then the network's own."""
    return [(texts("heat.predicted"), PREDICTED), *((texts.emotion(label), label) for label in labels)]


def _whole(session: Session) -> Detection:
    """The session's photo with all of it as its one face."""
    from fer_explain.faces.detect import whole_image

    if session.detection is None:
        raise FerError("There is no photo yet.")
    photo = session.detection.photo
    return Detection(photo, [whole_image(photo)], session.detection.detector)


def _bars(session: Session, texts: Texts) -> Any:
    """The probabilities as a figure; None before there are any."""
    if session.analysis is None:
        return None
    prediction = session.analysis.prediction
    names = {label: texts.emotion(label) for label in prediction.labels}
    return probability_bars(prediction, ranked=session.ranked, names=names)


def _gate_figure(session: Session, texts: Texts) -> Any:
    """The gate that is looked at as a figure; None without gates."""
    gate = session.gate
    if gate is None:
        return None
    if isinstance(gate, ChannelGate):
        return channel_weights(gate, channel=texts("gates.channel"), weight=texts("gates.weight"))
    return spatial_map(gate)
