"""Questions of one visitor that overlap: the newest is answered in full, and earlier ones change nothing any more."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.types import Box, Detection, Face, FaceAnalysis, Heatmap, Prediction
from fer_explain.ui.analyse.controls import PhotoPanel, ResultPanel
from fer_explain.ui.analyse.events import Analysis
from fer_explain.ui.analyse.report.events import Saver
from fer_explain.ui.shell.session import Session

FACE = Face(np.zeros((40, 40, 3), np.uint8), Box(10, 10, 50, 50), np.array([[20, 0, 30], [0, 20, 30]], np.float32))
PHOTO = Detection(np.zeros((80, 80, 3), np.uint8), [FACE], "mtcnn")


def analysis(method: str | None) -> FaceAnalysis:
    shares = np.full(7, 1 / 7, np.float32)
    heatmap = method and Heatmap(np.eye(4, dtype=np.float32), "crop", method, 3)
    return FaceAnalysis(FACE, Prediction(shares, shares, LABELS), None, heatmap=heatmap or None)


class Network:
    """An analyzer whose answers cost nothing; ``asked`` is called when the page wants to name the network."""

    asked: Callable[[], None] = staticmethod(lambda: None)
    closed = False

    def detect(self, _photo: object) -> Detection:
        return PHOTO

    def explain(self, _faces: list[Face], _model: str, method: str | None, *_target: Any) -> list[FaceAnalysis]:
        return [analysis(method)]

    def explain_in_steps(
        self, _faces: list[Face], _model: str, method: str, *_target: Any
    ) -> Generator[float, None, list[FaceAnalysis]]:
        try:
            for step in range(1000):
                yield step / 1000
        finally:
            self.closed = True
        return [analysis(method)]

    def checkpoint(self, model: str) -> SimpleNamespace:
        self.asked()
        return SimpleNamespace(name=model, config=SimpleNamespace(trained=True, architecture="emonext_nano"))

    def folder(self, _model: str) -> Path:
        raise FerError("There are no saved predictions.")


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def tab(network: Network) -> SimpleNamespace:
    """The callbacks, and the components they change: names stand in for them."""
    photo, result = (kind(*(entry.name for entry in fields(kind))) for kind in (PhotoPanel, ResultPanel))
    return SimpleNamespace(do=Analysis(network, "session", photo, result, []))


def ask(tab: SimpleNamespace, seen: Session, model: str, method: str) -> Iterator[dict[str, Any]]:
    updates: Iterator[dict[str, Any]] = tab.do.ask(seen, model, method, "predicted", "", None)
    return updates


def test_a_newer_question_silences_and_ends_a_slow_answer(tab: SimpleNamespace, network: Network) -> None:
    seen = Session().found(PHOTO)
    slow = ask(tab, seen, "a", "integrated_gradients")
    while "progress" not in (updates := next(slow)) or not updates["progress"]:
        pass
    [*_, shown, _sections] = list(ask(tab, seen, "a", "gradcam"))
    assert "Grad-CAM" in shown["heat"]
    late = list(slow)
    assert network.closed
    assert late
    assert not any({"session", "heat", "verdict", "progress"} & set(updates) for updates in late)


def test_what_was_found_but_not_shown_is_shown_by_the_next_answer(tab: SimpleNamespace, network: Network) -> None:
    seen, nested = Session().found(PHOTO), []

    def interrupt() -> None:  # between the moment that the first answer is known and the one that it is shown
        network.asked = lambda: None
        nested.extend(ask(tab, seen, "b", "eigencam"))

    network.asked = interrupt
    first = list(ask(tab, seen, "b", "gradcam"))
    assert not any("verdict" in updates for updates in first)
    assert any("verdict" in updates and "EigenCAM" in updates["heat"] for updates in nested)


def test_a_failure_of_a_question_that_was_superseded_is_not_told(tab: SimpleNamespace, network: Network) -> None:
    seen = Session().found(PHOTO)

    def fail() -> None:
        network.asked = lambda: None
        list(ask(tab, seen, "a", "gradcam"))
        raise FerError("The model is broken.")

    network.asked = fail
    assert "broken" not in str(list(ask(tab, seen, "b", "gradcam")))
    network.asked = fail_alone
    assert "broken" in str(list(ask(tab, seen, "b", "gradcam")))


def fail_alone() -> None:
    raise FerError("The model is broken.")


def test_a_stopped_answer_takes_its_progress_away(tab: SimpleNamespace, network: Network) -> None:
    seen = Session().found(PHOTO)
    slow = ask(tab, seen, "a", "integrated_gradients")
    while "progress" not in (updates := next(slow)) or not updates["progress"]:
        pass
    tab.do.stop(seen)
    assert [updates["progress"] for updates in slow] == [""]
    assert network.closed


def test_settings_changed_while_an_answer_is_worked_out_are_kept(tab: SimpleNamespace) -> None:
    seen = Session().found(PHOTO)
    slow = ask(tab, seen, "a", "integrated_gradients")
    next(slow)
    tab.do.adjust(seen, SimpleNamespace(model="a", method="occlusion", changes={"window": 0.4}))
    [*_, last] = list(ask(tab, seen, "a", "gradcam"))
    list(slow)
    assert last["session"].ask("a", "occlusion", "predicted").parameters == {"window": 0.4}


def test_what_follows_a_map_may_begin_as_soon_as_the_page_shows_it(tab: SimpleNamespace) -> None:
    telling = ask(tab, Session().found(PHOTO), "a", "gradcam")
    shown = next(updates for updates in telling if "heat" in updates)["session"]
    with shown.visit.start("report", shown) as task:
        assert task.wanted
        list(telling)
        assert task.wanted, "the rest of the answer does not take it back"


def test_what_is_asked_for_before_the_map_is_there_says_so(tab: SimpleNamespace, network: Network) -> None:
    slow = ask(tab, Session().found(PHOTO), "a", "integrated_gradients")
    shown = next(updates for updates in slow if "verdict" in updates)["session"]
    saver = Saver(network, "note", "stop", "html", "numbers")  # type: ignore[arg-type]
    [told] = saver.make(shown, None)  # type: ignore[arg-type]
    assert "still being worked out" in told["note"]
    *_, last = slow
    assert not last["session"].visit.start("report", last["session"]).early


def test_a_page_that_shows_a_forgotten_photo_says_so(tab: SimpleNamespace) -> None:
    [asked] = tab.do.ask(Session(), "a", "gradcam", "predicted", "<p>Happy 90 %</p>", None)
    [chosen] = tab.do.choose(Session(), "a", "gradcam", "predicted", 1, None)
    assert "no longer in memory" in asked["status"]
    assert chosen == asked
    assert "status" not in str(list(ask(tab, Session(), "a", "gradcam"))), "before the first photo there is none"
