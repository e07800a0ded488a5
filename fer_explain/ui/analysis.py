"""What happens on the Analyse tab: unpack, ask the analyzer, hand the results to the views."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.figures.gates import channel_weights, layer_overview
from fer_explain.figures.probabilities import probability_bars
from fer_explain.types import ChannelGate, Detection, Face
from fer_explain.ui.context import texts_for
from fer_explain.ui.examples import EXAMPLES, strip
from fer_explain.ui.explanation import Explanation
from fer_explain.ui.panels import PhotoPanel, ResultPanel
from fer_explain.ui.sections import Section, Updates
from fer_explain.ui.session import PREDICTED, Question, Session
from fer_explain.ui.texts import Texts
from fer_explain.ui.views.gates import gate_summary
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
        self._explanation = Explanation(analyzer, result)

    def look(
        self, session: Session, model: str, method: str, target: str, path: str | None, request: gr.Request
    ) -> Iterator[Updates]:
        """A photo was uploaded, pasted or taken."""
        if path is None:
            yield {self._session: session}
            return
        yield {self._photo.drop: None, self._photo.status: status(texts_for(request)("status.busy"))}
        question = session.ask(model, method, target)
        yield from self._answer(session, lambda: session.found(self._analyzer.detect(path)), question, request)

    def try_example(
        self, session: Session, model: str, method: str, target: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """One of the examples was clicked."""
        pixels = EXAMPLES[int(event.index)].pixels
        question = session.ask(model, method, target)
        yield from self._answer(session, lambda: session.found(self._analyzer.detect(pixels)), question, request)

    def take_whole_image(
        self, session: Session, model: str, method: str, target: str, request: gr.Request
    ) -> Iterator[Updates]:
        """No face was found, and the visitor knows better."""
        question = session.ask(model, method, target)
        yield from self._answer(session, lambda: session.found(_whole(session)), question, request)

    def pick(
        self, session: Session, model: str, method: str, target: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """A face was clicked on the photo."""
        yield from self.choose(session, model, method, target, int(event.index), request)

    def choose(
        self, session: Session, model: str, method: str, target: str, index: int, request: gr.Request
    ) -> Iterator[Updates]:
        """Another face was chosen; the photo is not searched again."""
        yield from self._answer(session, lambda: session.choose(index), session.ask(model, method, target), request)

    def ask(self, session: Session, model: str, method: str, target: str, request: gr.Request) -> Iterator[Updates]:
        """Another model, explanation or target class was chosen."""
        yield from self._answer(session, lambda: session, session.ask(model, method, target), request)

    def adjust(
        self, session: Session, model: str, method: str, target: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """A setting of the explanation was changed."""
        adjusted = session.adjust(model, method, str(event.parameter), event.setting)
        yield from self._answer(adjusted, lambda: adjusted, adjusted.ask(model, method, target), request)

    def offer(self, session: Session, model: str | None, method: str, target: str, request: gr.Request) -> str:
        """The controls of the chosen explanation."""
        try:
            return self._explanation.offer(session.ask(model, method, target), texts_for(request))
        except FerError:  # the answer itself says what is wrong with the model
            return ""

    def stop(self) -> Updates:
        """The explanation that is being worked out is not wanted any more."""
        return self._explanation.finished()

    def reorder(self, session: Session, ranked: bool, request: gr.Request) -> tuple[Session, Any]:
        """The bars' order was chosen."""
        session = session.ordered(ranked)
        return session, _bars(session, texts_for(request))

    def show_layer(self, session: Session, layer: str, request: gr.Request) -> tuple[Session, str, Any]:
        """Another gate was chosen."""
        session, texts = session.look_at(layer), texts_for(request)
        return session, self._gate_summary(session, texts), _channels(session, texts)

    def _answer(
        self, session: Session, move: Callable[[], Session], question: Question, request: gr.Request
    ) -> Iterator[Updates]:
        """Moves on to another photo or face, shows it, then what is known about it; a failure ends in one sentence."""
        texts = texts_for(request)
        try:
            moved = move()
            if moved is not session:
                yield self._show_faces(moved, texts)
            if moved.face is None:
                yield {self._session: moved}  # a generator that yields nothing would empty every output
            else:
                yield from self._explain(moved, moved.face, question, texts)
        except FerError as error:
            yield self._show_error(str(error))
        except Exception:
            _log.exception("the Analyse tab failed")
            yield self._show_error(texts("status.broken"))

    def _explain(self, session: Session, face: Face, question: Question, texts: Texts) -> Iterator[Updates]:
        """What the network reads, as soon as that is known; then the map. Only the map, where the rest is known."""
        from fer_explain.explain.registry import method  # imports torch

        known = session.question is not None and session.question.model == question.model
        if not known and method(question.method).slow:
            [analysis] = self._analyzer.explain([face], question.model, method=None)
            session, known = session.explained(analysis, question), True
            yield self._show_analysis(session, texts)
        session = session.explained((yield from self._explanation.work_out(face, question, texts)), question)
        if known:
            yield {
                self._session: session,
                self._photo.status: faces_found(session, texts),  # where an error may stand
                **self._explanation.show(session, texts),
                **self._follow(session, texts, at_once=True),
            }
        else:
            yield self._show_analysis(session, texts)

    def _show_error(self, sentence: str) -> Updates:
        return {self._photo.status: status(sentence, error=True), **self._explanation.finished()}

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
        analysis, question = session.analysis, session.question
        assert analysis is not None, "the session was explained"
        assert question is not None, "the session was explained"
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
            **self._explanation.show(session, texts),
            **self._follow(session, texts, at_once=True),
            result.stn: stn(analysis, self._network(session), texts),
            **self._show_gates(session, texts),
        }

    def show_sections(self, session: Session, request: gr.Request) -> Updates:
        """The parts of the tab that follow the chosen face, once it is explained, and did not come with the map."""
        updates = {} if session.analysis is None else self._follow(session, texts_for(request), at_once=False)
        return updates or {self._session: session}

    def _follow(self, session: Session, texts: Texts, *, at_once: bool) -> Updates:
        updates = Updates()
        for section in self._sections:
            if section.at_once == at_once:
                updates |= section.show(session, texts)
        return updates

    def _show_gates(self, session: Session, texts: Texts) -> Updates:
        result, analysis = self._result, session.analysis
        assert analysis is not None, "the session was explained"
        layers = [gate.layer for gate in session.gates]
        layer = session.gate.layer if session.gate else None
        several = len(analysis.gates) > 1
        overview = layer_overview(analysis.gates, weight=texts("gates.weight")) if several else None
        return {
            result.layer: gr.Dropdown(layers, value=layer, visible=len(layers) > 1),
            result.summary: self._gate_summary(session, texts),
            result.channels: _channels(session, texts),
            result.overview: overview,
            result.overview_box: gr.Column(visible=several),
        }

    def _gate_summary(self, session: Session, texts: Texts) -> str:
        if session.analysis is None:
            return ""
        return gate_summary(session.gate, session.analysis, self._network(session), texts)

    def _network(self, session: Session) -> str:
        """What people call the network that was asked."""
        from fer_explain.models.registry import architecture  # imports torch

        assert session.question is not None, "the session was explained"
        entry = architecture(self._analyzer.checkpoint(session.question.model).config.architecture)
        return entry.title or entry.name


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


def _channels(session: Session, texts: Texts) -> gr.Plot:
    """The weights of the channel gate that is looked at; hidden without one, and for a gate over places."""
    gate = session.gate
    if not isinstance(gate, ChannelGate):
        return gr.Plot(visible=False)
    return gr.Plot(channel_weights(gate, channel=texts("gates.channel"), weight=texts("gates.weight")), visible=True)
