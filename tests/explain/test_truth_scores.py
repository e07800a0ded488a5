"""The truth scores that the package ships are those that docs/map_truth.md shows."""

import re
from pathlib import Path

from fer_explain.explain.registry import list_methods, method
from fer_explain.explain.tested import tested_map as measured
from fer_explain.explain.truth import Truth, Truths, read_truths
from fer_explain.hub.folder import EMBEDDED, list_checkpoints

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "map_truth.md").read_text(encoding="utf-8")


def test_they_are_the_table_of_the_page() -> None:
    table = re.findall(r"^\| (\w+)(?::\S+)? \| (\d+ % \(\d+ to \d+\)) \| (\d+ %)", PAGE, re.MULTILINE)
    shipped = [
        (
            one.method,
            f"{100 * one.mass:.0f} % ({100 * one.low:.0f} to {100 * one.high:.0f})",
            f"{100 * one.pointed:.0f} %",
        )
        for one in read_truths().methods
    ]
    assert sorted(shipped) == sorted(table)
    assert len(table) > 10


def test_they_come_from_the_run_that_the_page_names() -> None:
    truths = read_truths()
    assert f"```bash\n{truths.command}\n```" in PAGE
    assert f"{truths.networks} networks (" in PAGE
    assert f"was asked about {truths.faces} new faces" in PAGE


def test_a_score_is_that_of_the_same_settings_alone() -> None:
    truths = read_truths()
    found = truths.of("occlusion", {})
    assert found is not None
    assert found == truths.of("occlusion", {"window": method("occlusion")().window})
    assert truths.of("occlusion", {"window": 0.3}) is None


def test_every_score_is_still_that_of_an_explanation_there_is() -> None:
    truths = read_truths()
    assert {one.method for one in truths.methods} <= set(list_methods())
    assert all(truths.of(one.method, one.settings) == one for one in truths.methods)


def test_a_score_of_settings_that_are_gone_is_no_score() -> None:
    gone = Truths("", 1, 1, [Truth("gradcam", {"layer": None, "older": 1}, 0.5, 0.4, 0.6, 1.0)])
    assert gone.of("gradcam", {}) is None


def test_the_tested_map_of_every_checkpoint_has_its_score() -> None:
    tested = {name: measured(EMBEDDED / name) for name in list_checkpoints()}
    unscored = [n for n, one in tested.items() if one and not read_truths().of(one.best.method, one.best.settings)]
    assert not unscored
