"""What happens in the gate lab: unpack, ask the network with some channels changed, hand the results to the views."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import gradio as gr
import numpy as np

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.profile import Usual
from fer_explain.figures.lab import deviations, ranked_channels
from fer_explain.types import ChannelGate, Floats
from fer_explain.ui.analyse.change import change_bars
from fer_explain.ui.analyse.gate_lab.controls import Bench
from fer_explain.ui.analyse.gate_lab.state import Tried
from fer_explain.ui.analyse.section import Updates
from fer_explain.ui.analyse.usual import usual_profile
from fer_explain.ui.shell.components import drawn
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.event_order import arrival
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import status, trouble
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import Task, Unwanted, telling

if TYPE_CHECKING:  # these import torch
    from fer_explain.explain.flip import Flip
    from fer_explain.explain.intervene import GateChange


KIND: Final = "experiment"  # of the task
OUT: Final = "out"
FREEZE: Final = "freeze"
BOOST: Final = "boost"
HANDFUL: Final = 5  # channels that a button chooses


class Lab:
    """The callbacks."""

    def __init__(self, analyzer: Analyzer, bench: Bench) -> None:
        self.bench = bench
        self._analyzer = analyzer

    def show(self, session: Session, texts: Texts) -> Updates:
        """A newly explained face: its last gate, nothing chosen."""
        bench, analysis = self.bench, session.analysis
        assert analysis is not None, "sections are shown for an analysed face"
        if not analysis.gates:
            sentence = texts("lab.places") if analysis.spatial_gates else texts("gates.none")
            note = f'<p class="fer-note">{sentence}</p>'
            return {bench.note: gr.HTML(note, visible=True), bench.room: gr.Column(visible=False), bench.tried: None}
        spatial = bool(analysis.spatial_gates)
        note = gr.HTML(f'<p class="fer-small">{texts("lab.also_places")}</p>' if spatial else "", visible=spatial)
        layers = [gate.layer for gate in analysis.gates]
        return {
            bench.note: note,
            bench.room: gr.Column(visible=True),
            bench.layer: gr.Dropdown(layers, value=layers[-1]),
            **self._layer(session, analysis.gates[-1], texts),
        }

    def show_layer(self, session: Session, layer: str, request: gr.Request) -> Updates:
        """Another gate: nothing is chosen there yet."""
        gate = _gate_of(session, layer)
        return {self.bench.tried: None} if gate is None else self._layer(session, gate, texts_for(request))

    def strongest(self, session: Session, layer: str) -> list[int]:
        """The channels with the largest weights."""
        gate = _gate_of(session, layer)
        return [] if gate is None else _first(-gate.weights)

    def unusual(self, session: Session, layer: str) -> list[int]:
        """The channels whose weights are farthest from what is usual for the class."""
        gate, usual = _gate_of(session, layer), self._usual(session, layer)
        if gate is None or usual is None:
            return []
        scores = np.abs(deviations(gate.weights, usual.mean, usual.std))
        return _first(-scores)

    def attempt(
        self,
        session: Session,
        layer: str,
        channels: Sequence[int] | None,
        action: str,
        factor: float,
        request: gr.Request,
    ) -> tuple[Any, gr.Slider]:
        """Channels, or what is done to them, were chosen; the newest choice wins, however long each takes."""
        slider, gate, analysis = gr.Slider(visible=action == BOOST), _gate_of(session, layer), session.analysis
        if gate is None or analysis is None:
            return None, slider
        with session.visit.start(KIND, session, arrival(request)) as task:
            if task.early:
                return Tried(analysis, layer, (), error=texts_for(request)("status.early")), slider
            tried = self._attempt(session, gate, tuple(channels or ()), action, factor) if task.wanted else gr.skip()
            return tried if task.wanted else gr.skip(), slider

    def search(self, session: Session, layer: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Looks for the smallest set whose removal flips the answer, and tells how far it is."""
        texts, analysis, gate = texts_for(request), session.analysis, _gate_of(session, layer)
        if analysis is None or gate is None:
            yield None, "", *_buttons(False)
            return
        yield None, _progress(0, texts), *_buttons(True)
        try:
            with session.visit.start(KIND, session, arrival(request)) as task:
                if task.early:
                    yield Tried(analysis, layer, (), error=texts("status.early")), "", *_buttons(False)
                    return
                task.check()
                tried = yield from self._searching(session, gate, task, texts)
            yield tried, "", *_buttons(False)
        except Unwanted as end:  # something else is tried by now, and must be left alone
            note = f'<p class="fer-small">{texts("lab.stopped")}</p>' if end.stopped else ""
            yield gr.skip(), note, *_buttons(False)
        except Exception as error:
            yield Tried(analysis, layer, (), error=trouble(error, texts)), "", *_buttons(False)

    def stop(self, session: Session) -> None:
        """The search is given up: its event ends at its next step."""
        session.visit.stop(KIND)

    def draw(self, session: Session, tried: Tried | None, request: gr.Request) -> Updates:
        """Shows a result, if it is one of the face that is on the page now."""
        from fer_explain.ui.analyse.gate_lab.view import feature_maps, flip_sentence

        bench, texts = self.bench, texts_for(request)
        if tried is None or tried.of is not session.analysis:
            return dict(zip((bench.find, bench.stop), _buttons(False), strict=True))
        if tried.error or tried.analysis is None or tried.maps is None:
            return {bench.found: status(tried.error, error=True)}
        gate = _gate_of(session, tried.layer)
        assert gate is not None, "the experiment was made with it"
        updates: Updates = {
            bench.ranks: self._ranks(session, gate, tried.channels, texts),
            bench.bars: change_bars(tried.of.prediction, tried.analysis.prediction, texts),
            bench.maps: feature_maps(tried.maps, tried.channels, tried.of, texts),
            bench.found: "",
        }
        if tried.flip is not None:
            sentence = flip_sentence(tried.flip, tried.of.prediction.labels, texts)
            updates |= {
                bench.found: f'<p class="fer-found" role="status">{sentence}</p>',
                bench.layer: tried.layer,
                bench.channels: self._channels(session, gate, tried.channels, texts),
                bench.action: OUT,
                bench.factor: gr.Slider(visible=False),
            }
        return updates

    def _searching(
        self, session: Session, gate: ChannelGate, task: Task[Session], texts: Texts
    ) -> Generator[tuple[Any, ...], None, Tried]:
        """Passes the progress on and returns what was found."""
        from fer_explain.explain.turns import in_steps

        steps = task.through(in_steps(partial(self._find, session, gate.layer)))
        flip = yield from telling(steps, lambda share: (gr.skip(), _progress(share, texts), *_buttons(True)))
        tried = self._attempt(session, gate, flip.channels, OUT, 1)
        task.check()
        return replace(tried, flip=flip)

    def _find(self, session: Session, layer: str, report: Callable[[float], None]) -> Flip:
        from fer_explain.explain.flip import find_flip

        assert session.face is not None, "the session was explained"
        return find_flip(self._lend(session), session.face, layer, report=report)

    def _attempt(
        self, session: Session, gate: ChannelGate, channels: tuple[int, ...], action: str, factor: float
    ) -> Tried:
        """Asks the network with some channels changed, and for their maps."""
        from fer_explain.explain.features import maps_of
        from fer_explain.explain.intervene import predict_with

        analysis = session.analysis
        assert analysis is not None, "the session was explained"
        try:
            lend, change = self._lend(session), self._change(session, gate, channels, action, factor)
            changed = predict_with(lend, analysis.face, gates=[change], method=None)
            maps = maps_of(lend, analysis.face, gate.layer)
            return Tried(analysis, gate.layer, channels, changed, maps)
        except FerError as error:
            return Tried(analysis, gate.layer, channels, error=str(error))

    def _change(
        self, session: Session, gate: ChannelGate, channels: Sequence[int], action: str, factor: float
    ) -> GateChange:
        from fer_explain.explain.intervene import GateChange

        size, usual = len(gate.weights), self._usual(session, gate.layer)
        if action == BOOST:
            return GateChange.boost(gate.layer, channels, size, factor)
        if action == FREEZE and usual is not None:
            return GateChange.freeze(gate.layer, channels, np.asarray(usual.mean, np.float32))
        return GateChange.knock_out(gate.layer, channels, size)

    def _layer(self, session: Session, gate: ChannelGate, texts: Texts) -> Updates:
        """A gate of the face as it is, with nothing chosen and nothing found."""
        from fer_explain.ui.analyse.gate_lab.view import no_maps

        bench, analysis, usual = self.bench, session.analysis, self._usual(session, gate.layer)
        assert analysis is not None, "the session was explained"
        find, stop = _buttons(False)
        actions = [OUT, FREEZE, BOOST] if usual else [OUT, BOOST]
        return {
            bench.tried: None,
            bench.ranks: self._ranks(session, gate, (), texts),
            bench.source: self._source(session, gate, texts),
            bench.channels: self._channels(session, gate, (), texts),
            bench.unusual: gr.Button(visible=usual is not None),
            bench.action: gr.Radio([(texts(f"lab.{name}"), name) for name in actions], value=OUT),
            bench.factor: gr.Slider(value=2, visible=False),
            bench.bars: change_bars(analysis.prediction, analysis.prediction, texts),
            bench.maps: no_maps(texts),
            bench.found: "",
            bench.find: find,
            bench.stop: stop,
        }

    def _ranks(self, session: Session, gate: ChannelGate, chosen: Sequence[int], texts: Texts) -> str:
        usual = self._usual(session, gate.layer)
        ranks = ranked_channels(
            gate.weights,
            usual.mean if usual else None,
            usual.std if usual else None,
            chosen,
            rank=texts("lab.rank"),
            weight=texts("gates.weight"),
            usual=texts("lab.usual"),
        )
        return drawn(ranks)

    def _channels(self, session: Session, gate: ChannelGate, chosen: Sequence[int], texts: Texts) -> gr.Dropdown:
        """All channels, the strongest first, each with its weight and how unusual that is."""
        usual = self._usual(session, gate.layer)
        off = deviations(gate.weights, usual.mean, usual.std) if usual else np.full(len(gate.weights), np.nan)
        order = np.argsort(-gate.weights, kind="stable").tolist()
        choices = [(_name(channel, float(gate.weights[channel]), float(off[channel])), channel) for channel in order]
        return gr.Dropdown(choices, value=list(chosen))

    def _source(self, session: Session, gate: ChannelGate, texts: Texts) -> str:
        """What the grey marks are, or why there are none."""
        profile, analysis = usual_profile(self._analyzer, session), session.analysis
        assert analysis is not None, "the session was explained"
        label = analysis.prediction.label
        if profile is None or profile.usual(label, gate.layer) is None:
            return f'<p class="fer-small">{texts("lab.unmeasured")}</p>'
        n, emotion = profile.classes[label].n, texts.emotion(label)
        sentence = texts("lab.source", n=n, emotion=emotion, data=profile.data, split=profile.split)
        return f'<p class="fer-small">{sentence}</p>'

    def _usual(self, session: Session, layer: str) -> Usual | None:
        profile, analysis = usual_profile(self._analyzer, session), session.analysis
        return profile.usual(analysis.prediction.label, layer) if profile and analysis else None

    def _lend(self, session: Session) -> Any:
        assert session.question is not None, "the session was explained"
        return partial(self._analyzer.borrow, session.question.model)


def _gate_of(session: Session, layer: str | None) -> ChannelGate | None:
    gates = session.analysis.gates if session.analysis else []
    return next((gate for gate in gates if gate.layer == layer), None)


def _first(values: Floats) -> list[int]:
    """The channels with the smallest values."""
    channels: list[int] = np.argsort(values, kind="stable")[:HANDFUL].tolist()
    return channels


def _name(channel: int, weight: float, off: float) -> str:
    unusual = f" · {off:+.1f} σ".replace("-", "−") if np.isfinite(off) else ""
    return f"#{channel} · {weight:.3f}{unusual}"


def _progress(share: float, texts: Texts) -> str:
    return f'<p class="fer-small" role="status">{texts("lab.searching", share=round(100 * share))}</p>'


def _buttons(searching: bool) -> tuple[gr.Button, gr.Button]:
    """The button that starts a search, and the one that stops it."""
    return gr.Button(interactive=not searching), gr.Button(visible=searching)
