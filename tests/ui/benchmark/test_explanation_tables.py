"""The Benchmark tab's tables of explanations: what holds for which network, and how much of it is known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.tested import Explanations, Trial
from fer_explain.explain.trials import CHECKS
from fer_explain.explain.truth import Truth, Truths
from fer_explain.figures.chart import Chart
from fer_explain.hub.folder import WEIGHTS
from fer_explain.hub.weights import weights_fingerprint
from fer_explain.ui.benchmark.events import _explanations
from fer_explain.ui.benchmark.explanations import explanation_charts
from fer_explain.ui.benchmark.state import look
from fer_explain.ui.shell.texts import Texts
from tests.conftest import ResultsFolder

TEXTS = Texts()
PASSED = dict(zip(CHECKS, (0.7, 0.8, 1.0, 1.0, 1.0), strict=True))
SQUARES = Trial("occlusion", {"window": 0.3, "baseline": "blurred"}, 10, 0.5, 0.2366, 0.7634, PASSED, 1.529)
QUICK = Trial("gradcam", {}, 10, 0.1, 0.0179, 0.4042, dict.fromkeys(CHECKS, 1.0), 0.019)
TRUTHS = Truths("", 5, 30, [Truth("gradcam", {"layer": None}, 0.14, 0.07, 0.21, 0.4)])
ONE = Explanations("", "validation", 101, 40, [SQUARES, QUICK])
OTHER = Explanations("", "validation", 7, 0, [replace(QUICK, holds=0.9, low=0.596, high=0.982, n=10)])


def rows(chart: Chart) -> dict[str, tuple[Any, ...]]:
    return {str(row[0]): tuple(row[1:]) for row in chart.rows}


def test_a_row_is_a_method_and_a_column_a_network() -> None:
    hold, seconds, fail = explanation_charts({"net": ONE, "other": OTHER, "new": None}, TRUTHS, TEXTS)
    assert hold.columns == ["explanation", "settings", "truth score", "net", "other", "new"]
    assert rows(hold) == {
        "Occlusion": (
            "Square: 0.3; Hidden means: Blurred face",
            "not measured",
            "★ 5 of 10 (24 to 76 %)",
            "not measured",
            "not measured",
        ),
        "Grad-CAM": (
            "as shipped",
            "14 % (7 to 21)",
            "1 of 10 (2 to 40 %)",
            "★ 9 of 10 (60 to 98 %)",
            "not measured",
        ),
    }
    assert rows(seconds)["Occlusion"][1:] == ("1.53 s", "not measured", "not measured")
    assert rows(fail)["Occlusion"][1] == "Deletion and insertion (30 %)"
    assert rows(fail)["Grad-CAM"][1:] == ("none", "none", "not measured")


def test_the_same_method_with_other_settings_has_a_row_of_its_own() -> None:
    other = replace(ONE, trials=[replace(SQUARES, settings={"window": 0.2, "baseline": "blurred"})])
    assert len(explanation_charts({"net": ONE, "other": other}, TRUTHS, TEXTS)[0].rows) == 3


def test_checks_that_fail_equally_often_are_all_named() -> None:
    trial = replace(SQUARES, checks={**PASSED, "road": 0.7})
    fail = explanation_charts({"net": replace(ONE, trials=[trial])}, TRUTHS, TEXTS)[2]
    assert rows(fail)["Occlusion"][1] == "Deletion and insertion, Remove and fill in (ROAD) (30 %)"


def test_the_caption_tells_which_faces_each_network_was_tested_on() -> None:
    alone = "10 faces of validation, drawn with seed 101, the first 40 of the draw left out."
    assert explanation_charts({"net": ONE, "twin": ONE}, TRUTHS, TEXTS)[0].note[0] == alone
    note = explanation_charts({"net": ONE, "twin": ONE, "other": OTHER}, TRUTHS, TEXTS)[0].note
    assert list(note[:2]) == [f"net, twin: {alone}", "other: 10 faces of validation, drawn with seed 7."]


@pytest.fixture
def measured(results_folder: ResultsFolder) -> Path:
    """A checkpoint folder whose weights are nothing but a file."""
    folder = results_folder("net", splits=("test",))
    (folder / WEIGHTS).write_bytes(b"weights")
    replace(ONE, weights=weights_fingerprint(folder)).write(folder)
    return folder


def asked(*folders: Path) -> list[Chart]:
    analyzer = Analyzer(folders)
    lineup = look(analyzer, [str(folder) for folder in folders], "test", together=True)
    return _explanations(lineup, TEXTS)


def test_a_network_that_was_not_measured_stands_beside_one_that_was(
    measured: Path, results_folder: ResultsFolder
) -> None:
    bare = results_folder("bare", splits=("test",))
    chart = asked(measured, bare)[0]
    assert chart.columns[-2:] == ["net", "bare"]
    assert rows(chart)["Grad-CAM"][-2:] == ("1 of 10 (2 to 40 %)", "not measured")


def test_where_nothing_was_measured_the_page_says_how_to(results_folder: ResultsFolder) -> None:
    with pytest.raises(FerError, match=r"explain\.benchmark --checkpoint NAME"):
        asked(results_folder("bare", splits=("test",)))


def test_what_was_measured_for_other_weights_is_not_shown(measured: Path) -> None:
    (measured / WEIGHTS).write_bytes(b"trained again")
    with pytest.raises(FerError, match="none of these checkpoints"):
        asked(measured)
