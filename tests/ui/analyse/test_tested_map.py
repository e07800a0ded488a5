"""The tested map beside the chosen one: when it comes, what is said, and what a click does."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.explain import faithfulness, tested
from fer_explain.explain.faithfulness import Check, Receipt
from fer_explain.explain.tested import Explanations, Trial
from fer_explain.types import Box, Detection, Face, FaceAnalysis, Heatmap, Prediction
from fer_explain.ui.analyse.tested_map.events import Panel, SecondMap
from fer_explain.ui.analyse.tested_map.verdicts import Verdicts
from fer_explain.ui.analyse.tested_map.view import sentence, verdicts
from fer_explain.ui.shell.session import PREDICTED, Question, Session
from fer_explain.ui.shell.texts import LANGUAGES, Texts

TEXTS = Texts()
FACE = Face(np.zeros((40, 40, 3), np.uint8), Box(10, 10, 50, 50), np.array([[20, 0, 30], [0, 20, 30]], np.float32))
CHECKS = {"curves": 0.9}
SETTINGS = {"small": 0.25, "large": 0.25, "reference": "filled"}
BEST = Trial("scale_occlusion", SETTINGS, 60, 0.78, 0.66, 0.87, CHECKS, 0.5)
QUICK = Trial("gradcam", {}, 60, 0.09, 0.04, 0.19, CHECKS, 0.1)
FOUND = Explanations("0" * 16, "validation", 0, 0, [BEST, QUICK])
REQUEST = SimpleNamespace(headers={"accept-language": "en"})


def analysis(method: str) -> FaceAnalysis:
    shares = np.full(7, 1 / 7, np.float32)
    heatmap = Heatmap(np.eye(4, dtype=np.float32), "crop", method, 3)
    return FaceAnalysis(FACE, Prediction(shares, shares, LABELS), None, heatmap=heatmap)


class Network:
    """Answers at once, in two steps, and notes what it was asked; ``between`` is called after the first step."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.maps: list[FaceAnalysis | None] = []  # those that were put to the test
        self.between = lambda: None

    def checkpoint(self, _model: str | None) -> SimpleNamespace:
        return SimpleNamespace(folder=Path())

    def explain_in_steps(self, *asked: Any, **settings: Any) -> Generator[float, None, list[FaceAnalysis]]:
        self.asked.append((*asked[1:], settings))
        yield 0.5
        self.between()
        return [analysis(asked[2])]


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def panel(network: Network, monkeypatch: pytest.MonkeyPatch) -> SecondMap:
    monkeypatch.setattr(tested, "tested_map", lambda _folder: FOUND)
    return SecondMap(network, Panel("figure", "line", "choose", "verdicts"))  # type: ignore[arg-type]


def session(method: str = "gradcam", settings: tuple[tuple[str, Any], ...] = (), target: str = PREDICTED) -> Session:
    seen = Session().found(Detection(np.zeros((80, 80, 3), np.uint8), [FACE], "mtcnn"))
    return seen.explained(analysis(method), Question("net", method, target, settings))


def test_room_is_kept_then_the_map_comes_with_its_settings_for_the_same_emotion(
    panel: SecondMap, network: Network
) -> None:
    now = session(target="happy")
    first = panel.show(now, TEXTS)
    assert "<svg viewBox=" in first["figure"]
    assert "<image" not in first["figure"]
    assert "Multi-scale occlusion for" in first["figure"]
    assert "on 78 % of faces (n = 60); Grad-CAM on 9 %" in first["line"]
    steps = list(panel.follow(now, REQUEST))  # type: ignore[arg-type]
    assert "50 %" in steps[0]["line"]
    assert 'class="fer-map"' in steps[-1]["figure"]
    assert steps[-1]["line"] == first["line"]
    assert network.asked == [("net", "scale_occlusion", "happy", SETTINGS)]


def test_a_newer_question_ends_it_and_nothing_of_it_is_shown(panel: SecondMap, network: Network) -> None:
    now = session()
    network.between = lambda: now.visit.ask(now, lambda seen: seen)
    steps = list(panel.follow(now, REQUEST))  # type: ignore[arg-type]
    assert not any("figure" in step for step in steps)


def test_it_is_not_worked_out_twice_where_it_is_the_chosen_one(panel: SecondMap, network: Network) -> None:
    same = session("scale_occlusion", tuple(sorted((SETTINGS | {"density": 2.0}).items())))
    assert panel.show(same, TEXTS)["figure"] == ""
    assert panel.show(same, TEXTS)["line"].startswith('<p class="fer-small">This is the tested map.')
    assert not any("figure" in step for step in panel.follow(same, REQUEST))  # type: ignore[arg-type]
    assert not network.asked
    assert panel.show(session("scale_occlusion"), TEXTS)["figure"], "with other settings it is another map"


def test_a_click_chooses_the_map_as_it_was_tested_whatever_was_set(panel: SecondMap) -> None:
    now = session()
    now.visit.change(now, lambda seen: seen.adjust("net", "scale_occlusion", {"density": 4.0, "small": 0.5}))
    assert panel.choose(now, "net")["value"] == "scale_occlusion"
    question = now.visit.change(now, lambda seen: seen).ask("net", "scale_occlusion", PREDICTED)
    assert question.parameters == SETTINGS | {"density": 2.0, "measure": "log-odds"}


def test_a_network_that_was_not_measured_says_so_and_gets_no_map(
    panel: SecondMap, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tested, "tested_map", lambda _folder: None)
    told = panel.show(session(), TEXTS)
    assert (told["figure"], "Not measured" in told["line"]) == ("", True)
    list(panel.follow(session(), REQUEST))  # type: ignore[arg-type]
    assert not network.asked


def test_a_damaged_file_is_named(panel: SecondMap, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_folder: Path) -> None:
        raise FerError("explanations.json is not what it should be")

    monkeypatch.setattr(tested, "tested_map", damaged)
    assert "explanations.json" in panel.show(session(), TEXTS)["line"]
    [end] = panel.follow(session(), REQUEST)  # type: ignore[arg-type]
    assert "explanations.json" in end["line"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_are_told_in_every_language(language: str) -> None:
    told = sentence(FOUND, Texts(language))
    assert all(number in told for number in ("78 %", "60", "9 %"))
    alone = sentence(replace(FOUND, trials=[BEST]), Texts(language), own=True)
    assert "78 %" in alone
    assert "Grad-CAM" not in alone


def receipt(*, passed: int, method: str = "gradcam") -> Receipt:
    checks = [Check(f"check {i}", i < passed, 0.5, "rule", limit=0.6) for i in range(5)]
    return Receipt("net", method, 3, 0.9, checks, {}, 1.0)


@pytest.fixture
def testing(network: Network, monkeypatch: pytest.MonkeyPatch) -> Verdicts:
    """The chosen map's test has failed; the tested map's passes, in two steps."""

    def make(_analyzer: Any, _face: Face, *asked: Any, analysis: Any, progress: Any, **settings: Any) -> Receipt:
        progress(0.5)
        network.asked.append((asked, settings))
        network.maps.append(analysis)
        return receipt(passed=5, method=asked[1])

    monkeypatch.setattr(tested, "tested_map", lambda _folder: FOUND)
    monkeypatch.setattr(faithfulness, "make_receipt", make)
    monkeypatch.setattr(faithfulness, "kept_receipt", lambda *_, **__: receipt(passed=3))
    return Verdicts(network, "line")  # type: ignore[arg-type]


def test_the_tested_map_is_put_to_the_test_on_this_face(testing: Verdicts, network: Network) -> None:
    now = session(target="happy")
    assert testing.show(now, TEXTS)["line"] == ""
    steps = [step["line"] for step in testing.follow(now, REQUEST)]  # type: ignore[arg-type]
    assert "50 %" in steps[0]
    assert network.asked == [(("net", "scale_occlusion", "happy"), SETTINGS)]
    assert steps[-1].index("Does not hold: 3 of 5") < steps[-1].index("Holds: 5 of 5")
    assert "only the tested map passes" in steps[-1]


def test_the_map_that_is_shown_is_tested_not_worked_out_again(
    panel: SecondMap, testing: Verdicts, network: Network
) -> None:
    now = session()
    list(testing.follow(now, REQUEST))  # type: ignore[arg-type]
    assert network.maps == [None], "it was not there"
    another = session()
    list(panel.follow(another, REQUEST))  # type: ignore[arg-type]
    list(testing.follow(another, REQUEST))  # type: ignore[arg-type]
    shown = network.maps[-1]
    assert shown is not None
    assert shown.heatmap is not None
    assert shown.heatmap.method == "scale_occlusion"
    assert another.visit.change(another, lambda seen: seen).explained(analysis("gradcam"), now.question).tested is None


def test_one_map_has_one_verdict_and_is_not_tested_again(testing: Verdicts, network: Network) -> None:
    same = session("scale_occlusion", tuple(sorted((SETTINGS | {"density": 2.0}).items())))
    [end] = testing.follow(same, REQUEST)  # type: ignore[arg-type]
    assert "Does not hold: 3 of 5" in end["line"]
    assert "tested map" not in end["line"]
    assert not network.asked


def test_a_newer_question_ends_the_test(testing: Verdicts, monkeypatch: pytest.MonkeyPatch) -> None:
    now = session()

    def make(*_: Any, progress: Any, **__: Any) -> Receipt:
        now.visit.ask(now, lambda seen: seen)
        progress(0.5)
        raise AssertionError("nobody waits for this")

    monkeypatch.setattr(faithfulness, "make_receipt", make)
    assert not any("Holds" in str(step["line"]) for step in testing.follow(now, REQUEST))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_two_verdicts_mean_is_said_in_every_language(language: str) -> None:
    texts = Texts(language)
    said = {verdicts(receipt(passed=a), receipt(passed=b), texts) for a in (3, 5) for b in (3, 5)}
    assert len(said) == 4
    assert all(line.count("</p>") == 3 for line in said)
    unknown = verdicts(None, receipt(passed=5), texts)
    assert unknown.count("data-ok") == 1
