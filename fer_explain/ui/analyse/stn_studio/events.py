"""What happens in the STN studio: unpack, ask the network with another window, hand the results to the views."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.profile import READINGS, Profile, readings
from fer_explain.figures.studio import window_spread
from fer_explain.types import FaceAnalysis, Pose
from fer_explain.ui.analyse.change import change_bars
from fer_explain.ui.analyse.section import Updates
from fer_explain.ui.analyse.stn_studio.view import from_json, own_pose, stage
from fer_explain.ui.analyse.usual import usual_profile
from fer_explain.ui.shell.components import drawn
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.event_order import arrival
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import status
from fer_explain.ui.shell.texts import Texts

_log = logging.getLogger(__name__)

# Range and step of each slider; shifts are in pixels of the network's input and go as far as the input is wide.
RANGES: Final = {
    "rotation": (-180.0, 180.0, 0.1),
    "width": (0.2, 2.0, 0.01),
    "height": (0.2, 2.0, 0.01),
    "shear": (-60.0, 60.0, 0.1),
    "right": (-1.0, 1.0, 0.1),
    "down": (-1.0, 1.0, 0.1),
}


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """What came of a window: ``of`` is the analysis it was made for, ``error`` a sentence in place of a result, or the
    name of one."""

    of: FaceAnalysis
    pose: Pose
    analysis: FaceAnalysis | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Controls:
    """The components of the studio."""

    note: gr.HTML
    room: gr.Column
    stage: gr.HTML
    problem: gr.HTML
    sliders: list[gr.Slider]
    identity: gr.Button
    reset: gr.Button
    bars: gr.HTML
    usual: gr.Column
    reading: gr.Radio
    spread: gr.HTML
    source: gr.HTML
    turned: gr.State

    @property
    def results(self) -> list[Any]:
        """What a changed window changes."""
        return [self.stage, self.problem, self.bars]

    @property
    def all(self) -> list[Any]:
        """Everything a new face changes."""
        return [
            self.note,
            self.room,
            *self.results,
            *self.sliders,
            self.usual,
            self.reading,
            self.spread,
            self.source,
            self.turned,
        ]


class Studio:
    """The callbacks."""

    def __init__(self, analyzer: Analyzer, controls: Controls) -> None:
        self.controls = controls
        self._analyzer = analyzer

    def show(self, session: Session, texts: Texts) -> Updates:
        """A newly explained face, as the network itself turned it."""
        controls, analysis = self.controls, session.analysis
        assert analysis is not None, "sections are shown for an analysed face"
        updates: Updates = {controls.turned: None}
        if analysis.warp is None:
            note = f'<p class="fer-note">{texts("stn.none")}</p>'
            return updates | {controls.note: gr.HTML(note, visible=True), controls.room: gr.Column(visible=False)}
        profile = self._profile(session)
        source = profile and texts("studio.source", n=profile.n, data=profile.data, split=profile.split)
        return updates | {
            controls.note: gr.HTML(visible=False),
            controls.room: gr.Column(visible=True),
            controls.problem: "",
            controls.usual: gr.Column(visible=profile is not None),
            controls.source: f'<p class="fer-small">{source or ""}</p>',
            **dict(zip(controls.sliders, self._sliders(session), strict=True)),
            **self._results(session, None, texts),
            controls.spread: self._spread(session, READINGS[0], None, texts),
            controls.reading: READINGS[0],
        }

    def turn(self, session: Session, request: gr.Request, *values: float) -> Any:
        """A slider was moved."""
        return self._try(session, request, lambda: [self._turned(session, self._pose(session, values))])[0]

    def drag(self, session: Session, event: gr.EventData, request: gr.Request) -> list[Any]:
        """The window was dragged on the photo."""
        pose = from_json(event._data)
        return [gr.skip()] * (1 + len(RANGES)) if pose is None else self._pull(session, request, pose)

    def identity(self, session: Session, request: gr.Request) -> list[Any]:
        """The network is to see the face as it was cut out."""
        return self._pull(session, request, Pose())

    def reset(self, session: Session, request: gr.Request) -> list[Any]:
        """The network is to decide for itself again."""
        analysis = session.analysis
        if analysis is None or analysis.warp is None:
            return [gr.skip()] * (1 + len(RANGES))
        own = own_pose(analysis.warp)
        return self._try(session, request, lambda: [Turned(analysis, own, analysis), *self._values(session, own)])

    def _pull(self, session: Session, request: gr.Request, pose: Pose) -> list[Any]:
        """Another window, which the sliders do not say yet."""
        return self._try(session, request, lambda: [self._turned(session, pose), *self._values(session, pose)])

    def _try(self, session: Session, request: gr.Request, work: Callable[[], list[Any]]) -> list[Any]:
        """Does it, unless a newer window or question comes meanwhile: however long each takes, the newest is shown."""
        skipped = [gr.skip()] * (1 + len(RANGES))
        if session.analysis is None:
            return skipped
        with session.visit.start("window", session, arrival(request)) as task:
            if task.early:
                return [Turned(session.analysis, Pose(), error="status.early"), *skipped[1:]]
            results = work() if task.wanted else skipped
            return results if task.wanted else skipped

    def draw(self, session: Session, turned: Turned | None, request: gr.Request) -> Updates:
        """Shows a result, if it is one of the face that is on the page now."""
        if turned is None or turned.of is not session.analysis:
            return {self.controls.problem: gr.skip()}
        return self._results(session, turned, texts_for(request))

    def draw_spread(self, session: Session, reading: str, turned: Turned | None, request: gr.Request) -> str:
        """Another reading is compared with the usual ones."""
        return self._spread(session, reading, turned, texts_for(request))

    def _turned(self, session: Session, pose: Pose) -> Turned:
        """Asks the network with another window."""
        from fer_explain.explain.intervene import predict_with
        from fer_explain.explain.registry import DEFAULT, method

        analysis, question = session.analysis, session.question
        assert analysis is not None, "the session was explained"
        assert question is not None, "the session was explained"
        try:
            swift = DEFAULT if method(question.method).slow else question.method
            target = None if question.label is None else analysis.prediction.labels.index(question.label)
            lend = partial(self._analyzer.borrow, question.model)
            changed = predict_with(lend, analysis.face, theta=pose.theta, method=swift, target=target)
            return Turned(analysis, pose, changed)
        except FerError as error:
            return Turned(analysis, pose, error=str(error))
        except Exception:
            _log.exception("the STN studio failed")
            return Turned(analysis, pose, error="status.broken")

    def _results(self, session: Session, turned: Turned | None, texts: Texts) -> Updates:
        controls, analysis = self.controls, session.analysis
        assert analysis is not None, "the session was explained"
        if turned is not None and turned.error:
            sentence = texts(turned.error) if turned.error.startswith("status.") else turned.error
            return {controls.problem: status(sentence, error=True)}
        now = turned.analysis if turned is not None and turned.analysis is not None else analysis
        assert session.detection is not None, "a session with an analysis has a photo"
        assert now.warp is not None, "the studio is closed without a spatial transformer"
        return {
            controls.problem: "",
            controls.stage: stage(session.detection.photo, now, now.warp.pose, texts),
            controls.bars: change_bars(analysis.prediction, now.prediction, texts),
        }

    def _spread(self, session: Session, reading: str, turned: Turned | None, texts: Texts) -> str:
        profile, analysis = self._profile(session), session.analysis
        if profile is None or analysis is None or analysis.warp is None:
            return ""
        changed = turned.analysis if turned is not None and turned.of is analysis else None
        moved = changed.warp if changed is not None and changed is not analysis else None
        spread = window_spread(
            {label: habits.readings[reading] for label, habits in profile.classes.items()},
            readings(analysis.warp, profile.size)[reading],
            readings(moved, profile.size)[reading] if moved else None,
            title=texts(f"studio.reading.{reading}"),
            names={label: texts.emotion(label) for label in analysis.prediction.labels},
            own_name=texts("studio.own"),
            changed_name=texts("studio.changed"),
        )
        return drawn(spread)

    def _profile(self, session: Session) -> Profile | None:
        """What is usual, as far as it tells of windows."""
        profile = usual_profile(self._analyzer, session)
        return profile if profile and all(habits.readings for habits in profile.classes.values()) else None

    def _size(self, session: Session) -> int:
        assert session.question is not None, "the session was explained"
        return self._analyzer.checkpoint(session.question.model).config.input.size

    def _pose(self, session: Session, values: tuple[float, ...]) -> Pose:
        """The pose that the sliders say."""
        rotation, width, height, shear, right, down = values
        size = self._size(session)
        return Pose(rotation, (width, height), shear, (right / size, down / size))

    def _values(self, session: Session, pose: Pose) -> list[float]:
        """What the sliders say for a pose."""
        size, (width, height), (right, down) = self._size(session), pose.scale, pose.shift
        exact = (pose.rotation, width, height, pose.shear, right * size, down * size)
        return [
            round(value, 2 if name in ("width", "height") else 1) for name, value in zip(RANGES, exact, strict=True)
        ]

    def _sliders(self, session: Session) -> list[gr.Slider]:
        """The sliders at the network's own pose; a pose beyond a range widens it."""
        assert session.analysis is not None
        assert session.analysis.warp is not None
        size = self._size(session)
        sliders = []
        for (name, (low, high, _)), value in zip(
            RANGES.items(), self._values(session, own_pose(session.analysis.warp)), strict=True
        ):
            unit = size if name in ("right", "down") else 1
            sliders.append(gr.Slider(min(low * unit, value), max(high * unit, value), value=value))
        return sliders
