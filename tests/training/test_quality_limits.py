"""The fit of the limits behind the warnings under a photo."""

from __future__ import annotations

import numpy as np
import pytest

from fer_explain.faces.drawn import draw_face
from fer_explain.faces.quality import LIMITS, Limit
from training.data import FaceSet
from training.disturbed import some
from training.quality import SPOILT, fit, page

ABOVE = Limit("burnt", "Too bright.", lambda face: 0.0, 150.0, True)
BELOW = Limit("dark", "Too dark.", lambda face: 0.0, 90.0, False)
VALUES = np.arange(240.0)


def test_the_loss_begins_where_all_bins_beyond_are_ten_points_worse() -> None:
    right = VALUES < 160
    found = fit(ABOVE, VALUES, right, VALUES[:100], np.ones(100, bool))
    assert found.begins == 160  # 24 bins of ten values
    assert found.within[1] == 151
    assert found.within[0].value == 1
    assert found.beyond is not None
    assert (found.beyond[1], round(found.beyond[0].value, 3)) == (89, round(9 / 89, 3))
    assert found.flagged == 0


def test_a_limit_from_below_looks_the_other_way() -> None:
    found = fit(BELOW, VALUES, VALUES >= 80, VALUES, np.ones(240, bool))
    assert found.begins == 79
    assert found.beyond is not None
    assert found.beyond[1] == 90
    assert found.flagged == 90 / 240


def test_one_good_bin_at_the_end_means_that_no_loss_begins() -> None:
    right = (VALUES < 100) | (VALUES >= 230)
    assert fit(ABOVE, VALUES, right, VALUES, np.ones(240, bool)).begins is None


def test_nothing_is_said_of_a_few_faces() -> None:
    assert fit(Limit("burnt", "", lambda face: 0.0, 230.0, True), VALUES, VALUES < 9, VALUES, VALUES < 9).beyond is None


def test_every_warning_has_its_way_to_spoil_a_face() -> None:
    assert SPOILT.keys() | {"turned"} == {limit.name for limit in LIMITS}  # heads are measured as they are


@pytest.mark.parametrize("limit", [limit for limit in LIMITS if limit.name in SPOILT], ids=lambda limit: limit.name)
def test_the_strongest_step_is_warned_of_and_the_face_as_it_is_not(limit: Limit) -> None:
    from fer_explain.faces.detect import whole_image

    pixels = draw_face("happy", size=48, seed=0).pixels  # FER2013's size
    spoil, steps = SPOILT[limit.name]
    assert not limit.warns(whole_image(pixels))
    assert limit.warns(whole_image(spoil(pixels, steps[-1])))


def test_the_page_states_both_sides_of_each_limit() -> None:
    found = [fit(ABOVE, VALUES, VALUES < 160, VALUES, np.ones(240, bool))]
    told = page(found, 240, "net", "python -m training.quality")
    [line] = [line for line in told.splitlines() if line.startswith("| burnt")]
    assert "(n = 151)" in line
    assert "(n = 89)" in line
    assert "`net` on 240 seeded faces" in told


def test_some_faces_are_drawn_by_seed_and_keep_their_order() -> None:
    faces = FaceSet("x", "validation", np.zeros((50, 4, 4), np.uint8), np.arange(50) % 7, np.arange(50))
    drawn = some(faces, 10)
    assert len(set(drawn.rows.tolist())) == 10
    assert drawn.rows.tolist() == sorted(drawn.rows.tolist())
    assert drawn.rows.tolist() == some(faces, 10).rows.tolist()
    assert some(faces, None) is faces
    assert some(faces, 50) is faces
