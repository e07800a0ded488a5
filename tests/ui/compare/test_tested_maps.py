"""Compare with each network's tested map: Grad-CAM first, then the map that holds; one scale if there is one unit."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.explain import tested
from fer_explain.explain.tested import Explanations, Trial
from fer_explain.explain.trials import CHECKS
from fer_explain.faces.detect import whole_image
from fer_explain.faces.drawn import draw_face
from fer_explain.types import Detection
from fer_explain.ui.compare.events import QUICK, TESTED, Comparing
from fer_explain.ui.compare.state import Compared
from fer_explain.ui.shell.session import PREDICTED

PIXELS = draw_face("happy", size=96).pixels
NETWORKS = ["emonext_nano", "convnext_nano"]
SQUARES = Trial(
    "scale_occlusion", {"small": 0.4, "large": 0.4, "density": 1.0}, 20, 0.5, 0.3, 0.7, dict.fromkeys(CHECKS, 0.8), 0.1
)
SOFT = replace(SQUARES, method="shapley", settings={"grid": 3, "orders": 2, "reference": "mean"})


def compare(analyzer: Analyzer, before: Compared | None = None, method: str = TESTED) -> Iterator[Any]:
    state = before or Compared().on(Detection(PIXELS, [whole_image(PIXELS)], "none"))
    return Comparing(analyzer).ask(state, NETWORKS, method, PREDICTED, True, None)  # type: ignore[arg-type]


def measure(monkeypatch: pytest.MonkeyPatch, **found: Trial) -> None:
    """What was measured of each network; nothing of those that are not named."""

    def tested_map(folder: Path) -> Explanations | None:
        return Explanations("", "validation", 0, 0, [found[folder.name]]) if folder.name in found else None

    monkeypatch.setattr(tested, "tested_map", tested_map)


def states(steps: list[Any]) -> list[Compared]:
    return [step[0] for step in steps if isinstance(step[0], Compared)]


def maps(state: Compared) -> list[str]:
    return [said.analysis.heatmap.method for said in state.said.values() if said.analysis.heatmap]


def test_all_answer_before_the_first_tested_map_is_worked_out(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(monkeypatch, emonext_nano=SQUARES, convnext_nano=SOFT)
    steps = list(compare(analyzer))
    seen = [maps(state) for state in states(steps)]
    assert seen == [[], [QUICK], [QUICK] * 2, ["scale_occlusion", QUICK], ["scale_occlusion", "shapley"]]
    progress = [step for step in steps if not isinstance(step[0], Compared)]
    assert "1 of 2, 0 %" in progress[0][1]
    assert "2 of 2" in progress[-1][1]
    assert progress[0][-1].visible
    assert not steps[-1][-1].visible


def test_maps_of_one_unit_share_a_scale_whatever_their_method(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(monkeypatch, emonext_nano=SQUARES, convnext_nano=SOFT)
    last = list(compare(analyzer))[-1]
    assert {said.unit for said in last[0].said.values()} == {"log-odds"}
    assert "different units" not in last[1]
    assert "Multi-scale occlusion: held on 10 of 20 faces." in last[2]
    assert last[2].count("log-odds per hundredth of the face") == 2


def test_a_network_without_a_measurement_keeps_gradcam_and_says_so(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(monkeypatch, emonext_nano=SQUARES)
    last = list(compare(analyzer))[-1]
    assert maps(last[0]) == ["scale_occlusion", QUICK]
    assert "different units, so each has its own scale" in last[1]
    assert last[2].count("Not measured which map holds: Grad-CAM.") == 1


def test_maps_in_other_units_are_each_drawn_to_their_own_end(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same columns as if everybody's own scale had been asked for."""
    measure(monkeypatch, emonext_nano=SQUARES)
    shared = list(compare(analyzer))[-1]
    own = list(Comparing(analyzer).ask(shared[0], NETWORKS, TESTED, PREDICTED, False, None))[-1]  # type: ignore[arg-type]
    assert shared[2] == own[2]
    measure(monkeypatch, emonext_nano=SQUARES, convnext_nano=SOFT)
    shared = list(compare(analyzer))[-1]
    own = list(Comparing(analyzer).ask(shared[0], NETWORKS, TESTED, PREDICTED, False, None))[-1]  # type: ignore[arg-type]
    assert shared[2] != own[2]


def test_what_is_stopped_ends_and_goes_on_when_asked_again(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    measure(monkeypatch, emonext_nano=SQUARES, convnext_nano=SOFT)
    do, steps, seen = Comparing(analyzer), compare(analyzer), []
    for step in steps:
        seen.append(step)
        if not isinstance(step[0], Compared):
            break
    told, button = do.stop(states(seen)[-1], None)  # type: ignore[arg-type]
    assert "Stopped" in told
    assert not button.visible
    rest = list(steps)
    assert [step[0] for step in rest] == [gr.skip()]
    assert maps(states(seen)[-1]) == [QUICK, QUICK]
    again = states(list(compare(analyzer, states(seen)[-1])))
    assert maps(again[-1]) == ["scale_occlusion", "shapley"]
    assert again[-1].said[NETWORKS[0]].milliseconds == states(seen)[-1].said[NETWORKS[0]].milliseconds


def test_where_gradcam_is_the_tested_map_nothing_is_worked_out_again(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = replace(SQUARES, method=QUICK, settings={})
    measure(monkeypatch, emonext_nano=quick, convnext_nano=quick)
    steps = list(compare(analyzer))
    assert len(states(steps)) == len(steps)
    before, after = (states(steps)[at].said[NETWORKS[0]].analysis for at in (2, -1))
    assert before is after
    assert "Grad-CAM: held on 10 of 20 faces." in steps[-1][2]


def test_the_tested_map_can_be_chosen_after_all_methods(analyzer: Analyzer) -> None:
    choices = Comparing(analyzer).methods(None).choices  # type: ignore[arg-type]
    assert choices[0] == ("Grad-CAM", QUICK)
    assert choices[-1] == ("Tested map of each network", tested.TESTED)


def test_names_agree_with_the_library() -> None:
    assert (TESTED, QUICK) == (tested.TESTED, tested.QUICK)
