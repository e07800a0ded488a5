"""What happens on the Analyse tab: unpack, ask the analyzer, hand the results to the views."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial

import gradio as gr
from plotly.graph_objects import Figure

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.types import Detection, Face, FaceAnalysis, Pixels
from fer_explain.ui.analyse.alignment.view import stn
from fer_explain.ui.analyse.answer.rule import rule_of
from fer_explain.ui.analyse.answer.view import verdict
from fer_explain.ui.analyse.controls import PhotoPanel, ResultPanel
from fer_explain.ui.analyse.gates.events import Gates, network_title
from fer_explain.ui.analyse.heat_map.events import Explanation
from fer_explain.ui.analyse.photo.view import face_picker, faces_found
from fer_explain.ui.analyse.section import Section, Updates
from fer_explain.ui.shell.bars import probability_bars
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.event_order import arrival
from fer_explain.ui.shell.examples import EXAMPLES
from fer_explain.ui.shell.session import PREDICTED, Question, Session
from fer_explain.ui.shell.status import status, trouble
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import ANSWER, Task, Unwanted


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
        self._gates = Gates(analyzer, result)

    def look(
        self, session: Session, model: str, method: str, target: str, path: str | None, request: gr.Request
    ) -> Iterator[Updates]:
        """A photo was uploaded, pasted or taken."""
        if path is None:
            yield {self._photo.status: gr.skip()}
            return
        yield {self._photo.status: status(texts_for(request)("status.busy"))}
        found = partial(self._search, path)
        yield from self._answer(session, found, (model, method, target), request)

    def try_example(
        self, session: Session, model: str, method: str, target: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """One of the examples was clicked."""
        found = partial(self._search, EXAMPLES[int(event.index)].pixels)
        yield from self._answer(session, found, (model, method, target), request)

    def arrive(
        self, session: Session, model: str, method: str, target: str, brought: Detection | None, request: gr.Request
    ) -> Iterator[Updates]:
        """The tab was opened: the face that another tab put into the session is explained, unless it already was."""
        if brought is None or session.detection is not brought or session.analysis is not None:
            yield {self._photo.status: gr.skip()}
            return
        nothing_shown = Session(visit=session.visit)
        yield from self._answer(nothing_shown, lambda now: now.found(brought), (model, method, target), request)

    def take_whole_image(
        self, session: Session, model: str, method: str, target: str, request: gr.Request
    ) -> Iterator[Updates]:
        """No face was found, and the visitor knows better."""
        yield from self._answer(session, lambda now: now.found(_whole(now)), (model, method, target), request)

    def pick(
        self, session: Session, model: str, method: str, target: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """A face was clicked on the photo."""
        yield from self.choose(session, model, method, target, int(event.index), request)

    def choose(
        self, session: Session, model: str, method: str, target: str, index: int, request: gr.Request
    ) -> Iterator[Updates]:
        """Another face was chosen; the photo is not searched again."""
        if session.detection is None:
            yield self._forgotten(request)
            return
        yield from self._answer(session, lambda now: now.choose(index), (model, method, target), request)

    def ask(
        self, session: Session, model: str, method: str, target: str, verdict: str, request: gr.Request
    ) -> Iterator[Updates]:
        """Another model, explanation or target class was chosen, or another setting; ``verdict`` is what is shown."""
        if verdict and session.detection is None:
            yield self._forgotten(request)
            return
        yield from self._answer(session, lambda now: now, (model, method, target), request, moves=False)

    def adjust(self, session: Session, event: gr.EventData) -> None:
        """Settings of an explanation were changed: noted at once, and kept whatever is asked next."""
        changes = dict(event.changes)
        session.visit.change(session, lambda now: now.adjust(event.model or None, str(event.method), changes))

    def offer(self, session: Session, model: str | None, method: str, target: str, request: gr.Request) -> str:
        """The controls of the chosen explanation."""
        now = session.visit.change(session, lambda now: now)
        try:
            return self._explanation.offer(now.ask(model, method, target), texts_for(request))
        except FerError:  # the answer itself says what is wrong with the model
            return ""

    def stop(self, session: Session) -> None:
        """The explanation that is being worked out is not wanted any more: its event ends at its next step."""
        session.visit.stop(ANSWER)

    def reorder(self, session: Session, ranked: bool, request: gr.Request) -> str:
        """The bars' order was chosen."""
        session.visit.change(session, lambda now: now.ordered(ranked))
        return _bars(session.ordered(ranked), texts_for(request))

    def show_layer(self, session: Session, event: gr.EventData, request: gr.Request) -> tuple[str, Figure | None]:
        """Another gate was chosen."""
        layer = str(event.layer)
        session.visit.change(session, lambda now: now.look_at(layer))
        return self._gates.look(session.look_at(layer), texts_for(request))

    def _search(self, photo: str | Pixels, session: Session) -> Session:
        """Looks for faces in a new photo."""
        return session.found(self._analyzer.detect(photo))

    def _answer(
        self,
        seen: Session,
        move: Callable[[Session], Session],
        wish: tuple[str, str, str],
        request: gr.Request,
        *,
        moves: bool = True,
    ) -> Iterator[Updates]:
        """Moves on to another photo or face, shows it, then what is known about it; a failure ends in one sentence.

        Several of a visitor's questions may be under way at once. The newest one answers; the others fall silent.
        """
        texts = texts_for(request)
        try:
            task, session = seen.visit.ask(seen, move, arrival(request), moves=moves)
        except Exception as error:
            yield self._show_error(error, texts)
            return
        with task, closing(self._tell(seen, session, task, self._known(session.ask(*wish)), texts)) as telling:
            try:
                for updates in telling:
                    task.check()
                    yield updates
            except Unwanted as end:  # a generator that yields nothing would empty every output
                yield self._explanation.finished() if end.stopped else {self._photo.status: gr.skip()}
            except Exception as error:
                yield self._show_error(error, texts) if task.wanted else {self._photo.status: gr.skip()}

    def _known(self, question: Question) -> Question:
        """The question; about the predicted class where the network does not know the one that was asked for."""
        if question.target == PREDICTED or question.model is None:
            return question
        labels = self._analyzer.checkpoint(question.model).config.label_names
        return question if question.target in labels else question._replace(target=PREDICTED)

    def _tell(
        self, seen: Session, session: Session, task: Task[Session], question: Question, texts: Texts
    ) -> Generator[Updates, None, None]:
        """Everything about the session's face, as it becomes known; ``seen`` is what the page shows already."""
        if session.detection is not seen.detection or session.chosen != seen.chosen:
            yield self._show_faces(session, texts)
        if session.face is None:
            yield {self._session: session}
        else:
            # What was found, but superseded before the page showed it, has to be shown after all.
            shown = session.question if session.analysis is seen.analysis else None
            known = shown is not None and shown.model == question.model
            yield from self._explain(session.face, task, question, texts, known=known)

    def _explain(
        self, face: Face, task: Task[Session], question: Question, texts: Texts, *, known: bool
    ) -> Generator[Updates, None, None]:
        """What the network reads, as soon as that is known; then the map. Only the map, where the rest is shown."""
        from fer_explain.explain.registry import method  # imports torch

        if not known and method(question.method).slow:
            [analysis] = self._analyzer.explain([face], question.model, method=None)
            session, known = task.settle(partial(_explained, analysis, question), whole=False), True
            yield self._show_analysis(session, texts)
            yield self._show_sections(session, texts)
        analysis = yield from self._explanation.work_out(face, question, task, texts)
        session = task.settle(partial(_explained, analysis, question))
        yield self._show_map(session, texts) if known else self._show_analysis(session, texts)
        yield self._show_sections(session, texts)

    def _forgotten(self, request: gr.Request) -> Updates:  # the page shows more than shell/memory.py still holds
        return {self._photo.status: status(texts_for(request)("status.forgotten"), error=True)}

    def _show_error(self, error: Exception, texts: Texts) -> Updates:
        return {self._photo.status: status(trouble(error, texts), error=True), **self._explanation.finished()}

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
            updates |= {self._result.verdict: ""}  # with which all results are hidden
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
            result.verdict: verdict(
                analysis.prediction,
                checkpoint.name,
                checkpoint.config.trained,
                texts,
                rule_of(self._analyzer, checkpoint.name),
            ),
            result.bars: _bars(session, texts),
            result.target: gr.Radio(
                targets(analysis.prediction.labels, texts),
                **({"value": PREDICTED} if question.target == PREDICTED else {}),
            ),
            **self._explanation.show(session, texts),
            **self._follow(session, texts, at_once=True),
            result.stn: stn(analysis, network_title(self._analyzer, session), texts),
            **self._gates.show(session, texts),
        }

    def _show_map(self, session: Session, texts: Texts) -> Updates:
        """Another map of the same face by the same network."""
        return {
            self._session: session,
            self._photo.status: faces_found(session, texts),  # where an error may stand
            **self._explanation.show(session, texts),
            **self._follow(session, texts, at_once=True),
        }

    def _show_sections(self, session: Session, texts: Texts) -> Updates:
        """What follows the map below it, and need not come with it."""
        return {self._session: session, **self._follow(session, texts, at_once=False)}

    def _follow(self, session: Session, texts: Texts, *, at_once: bool) -> Updates:
        updates = Updates()
        for section in self._sections:
            if section.at_once == at_once:
                updates |= section.show(session, texts)
        return updates


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


def _explained(analysis: FaceAnalysis, question: Question, session: Session) -> Session:
    return session.explained(analysis, question)


def _bars(session: Session, texts: Texts) -> str:
    """The probabilities; nothing before there are any."""
    if session.analysis is None:
        return ""
    return probability_bars(session.analysis.prediction, texts, ranked=session.ranked)
