"""The figures of the STN studio and the gate lab."""

from __future__ import annotations

import numpy as np
import pytest

from fer_explain.emotions import COLORS
from fer_explain.figures.lab import CHOSEN, OWN, deviations, feature_picture, ranked_channels
from fer_explain.figures.studio import window_spread

SPREADS = {"angry": (-5.0, -2.0, 0.0, 2.0, 5.0), "happy": (1.0, 2.0, 3.0, 4.0, 9.0)}
WEIGHTS = np.array([0.2, 0.9, 0.5, 0.7], np.float32)


def test_a_box_per_class_with_the_quantiles_it_was_given():
    drawn = window_spread(SPREADS, 1.5, names={"happy": "joie"})
    angry, happy = drawn.data
    assert (angry.y[0], happy.y[0]) == ("angry", "joie")
    assert [happy[key][0] for key in ("lowerfence", "q1", "median", "q3", "upperfence")] == [1, 2, 3, 4, 9]
    assert happy.line.color == COLORS["happy"]


@pytest.mark.parametrize(
    ("changed", "anchors"), [(None, ["left"]), (30.0, ["right", "left"]), (-30.0, ["left", "right"])]
)
def test_this_face_is_a_line_and_a_changed_window_another(changed, anchors):
    drawn = window_spread(SPREADS, 1.5, changed, own_name="you", changed_name="changed")
    assert [shape.x0 for shape in drawn.layout.shapes] == [1.5, *([] if changed is None else [changed])]
    names = drawn.layout.annotations
    assert [name.text for name in names] == ["you", "changed"][: len(anchors)]
    if changed is not None:
        assert [name.xanchor for name in names] == anchors


def test_channels_are_sorted_by_weight_and_chosen_ones_marked():
    own = ranked_channels(WEIGHTS, chosen=[2]).data[-1]
    assert list(own.customdata) == [1, 3, 2, 0]
    np.testing.assert_allclose(own.y, [0.9, 0.7, 0.5, 0.2])
    assert list(own.marker.color) == [OWN, OWN, CHOSEN, OWN]


def test_the_usual_weights_lie_behind_their_own_channels_and_within_what_a_weight_can_be():
    usual, _ = ranked_channels(WEIGHTS, mean=[0.1, 0.95, 0.5, 0.6], std=[0.2, 0.2, 0.2, 0.2]).data
    np.testing.assert_allclose(usual.y, [0.95, 0.6, 0.5, 0.1])
    np.testing.assert_allclose(usual.error_y.array, [0.05, 0.2, 0.2, 0.2], atol=1e-6)
    np.testing.assert_allclose(usual.error_y.arrayminus, [0.2, 0.2, 0.2, 0.1], atol=1e-6)


def test_numbers_that_would_cover_each_other_are_left_out():
    weights = np.linspace(1, 0, 320, dtype=np.float32)
    drawn = ranked_channels(weights, chosen=[0, 1, 2, 200])
    assert [note.text for note in drawn.layout.annotations] == ["#0", "#200"]


def test_deviations_are_in_standard_deviations_and_never_nan():
    off = deviations(np.array([0.5, 0.5, 0.5, 0.9], np.float32), [0.3, 0.5, 0.6, 0.5], [0.1, 0.0, 0.05, 0.0])
    np.testing.assert_allclose(off, [2.0, 0.0, -2.0, np.inf], rtol=1e-4)


def test_a_map_is_a_picture_on_its_own_scale_and_transparent_where_nothing_was_seen():
    values, mask = np.array([[0.0, 1.0], [2.0, 4.0]], np.float32), np.array([[True, True], [True, False]])
    picture = feature_picture(values, mask, 0.0, 4.0, side=4)
    assert picture.shape == (4, 4, 4)
    assert picture[0, 0].tolist() == [68, 1, 84, 255]  # viridis begins in dark violet
    assert picture[3, 3, 3] == 0
    flat = feature_picture(np.ones((2, 2), np.float32), np.ones((2, 2), bool), 1.0, 1.0)
    assert (flat[..., :3] == [68, 1, 84]).all()
