from __future__ import annotations

import numpy as np
import pytest

from fer_explain.explain.region_audit import RegionAudit, RegionShare
from fer_explain.explain.region_use import ClassProfile, Estimate, RegionUse
from fer_explain.faces.regions import REGIONS, canonical_regions
from fer_explain.figures.regions import SIDE, centres, region_bars, region_outlines

RELEVANCE = (0.1, 0.2, 0.05, 0.45, 0.1, 0.06, 0.04)
EFFECT = (0.0, 0.1, -0.02, 0.3, 0.004, 0.0, 0.01)


def audit(against: float = 0.0) -> RegionAudit:
    regions = tuple(
        RegionShare(name, 1 / 7, relevance, against, effect)
        for name, relevance, effect in zip(REGIONS, RELEVANCE, EFFECT, strict=True)
    )
    return RegionAudit("gradcam", 3, 0.9, "landmarks", "blur", regions, 0.8, 0.1, 0.02, "agrees")


def profile() -> ClassProfile:
    uses = {name: RegionUse(0.14, Estimate(0.2, 0.15, 0.3), Estimate(0.5, 0.4, 0.55)) for name in REGIONS}
    return ClassProfile("happy", 80, uses)


def test_every_part_has_its_three_bars_in_order_and_in_per_cent() -> None:
    area, relevance, effect = region_bars(audit()).data
    assert list(area.y) == list(relevance.y) == list(effect.y) == list(REGIONS)
    np.testing.assert_allclose(relevance.x, 100 * np.array(RELEVANCE))
    np.testing.assert_allclose(effect.x, 100 * np.array(EFFECT))
    texts = [note.text for note in region_bars(audit()).layout.annotations]
    assert texts[:7] == ["10", "20", "5", "45", "10", "6", "4"]
    assert texts[7:12] == ["0", "+10", "-2", "+30", "0"]
    assert (relevance.xaxis, effect.xaxis) == ("x", "x2")


def test_the_axes_hold_all_marks_with_room_for_the_numbers() -> None:
    drawn = region_bars(audit(), profile())
    low, high = drawn.layout.xaxis2.range
    assert low < -2
    assert high > 50
    assert drawn.layout.xaxis.range[1] > 45
    assert drawn.layout.yaxis.autorange == "reversed"


def test_evidence_against_points_the_other_way() -> None:
    against = region_bars(audit(against=0.1)).data[3]
    assert list(against.x) == [-10.0] * 7
    assert region_bars(audit(against=0.1)).layout.xaxis.range[0] < -10


def test_the_usual_values_carry_their_intervals() -> None:
    *_, relevance, effect = region_bars(audit(), profile()).data
    assert list(relevance.x) == [20.0] * 7
    assert list(relevance.error_x.array) == [10.0] * 7
    assert list(effect.error_x.arrayminus) == pytest.approx([10.0] * 7)


def test_names_are_translated() -> None:
    words = dict.fromkeys(("relevance", "against", "area", "effect", "usual"), "a rather long title for it")
    drawn = region_bars(audit(), names={"mouth": "bouche"}, words=words)
    assert drawn.data[0].y[3] == "bouche"
    assert drawn.layout.xaxis.title.text.count("<br>") >= 1


def test_outlines_run_where_two_parts_meet_and_nowhere_else() -> None:
    halves = np.zeros((2 * SIDE, 2 * SIDE), int)
    halves[:, SIDE:] = 1
    drawn = region_outlines(np.full((48, 48, 3), 120, np.uint8), halves)
    assert drawn.shape == (SIDE, SIDE, 3)
    changed = np.abs(drawn.astype(int) - 120).max(axis=(0, 2)) > 8
    assert set(np.flatnonzero(changed)) <= set(range(SIDE // 2 - 5, SIDE // 2 + 5))
    assert drawn[:, SIDE // 2].min() > 180


def test_a_name_stands_inside_its_part() -> None:
    regions = canonical_regions(200)
    places = centres(regions)
    assert set(places) == set(range(len(REGIONS)))
    for index, (x, y) in places.items():
        assert regions[int(y * 200), int(x * 200)] == index
