from __future__ import annotations

import math

import pytest

from fer_explain.types import Box
from fer_explain.ui.live.tracks import FORGOTTEN, HALF_LIFE, Tracks, overlap

LEFT, RIGHT = Box(0.0, 0.0, 0.3, 0.3), Box(0.6, 0.5, 0.9, 0.8)


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(LEFT, LEFT) == pytest.approx(1)
    assert overlap(LEFT, RIGHT) == 0
    assert overlap(Box(0, 0, 2, 2), Box(1, 0, 3, 2)) == pytest.approx(1 / 3)


def test_the_average_has_its_half_life() -> None:
    tracks = Tracks().update([LEFT], [[1.0, 0.0]], 10.0).update([LEFT], [[0.0, 1.0]], 10.0 + HALF_LIFE)
    assert tracks.faces[0].probabilities == pytest.approx((0.5, 0.5))


def test_probabilities_keep_their_sum_over_many_frames() -> None:
    tracks = Tracks()
    for frame in range(50):
        tracks = tracks.update([LEFT], [[0.2, 0.3, 0.5] if frame % 2 else [0.9, 0.05, 0.05]], frame / 15)
    assert sum(tracks.faces[0].probabilities) == pytest.approx(1)


def test_faces_are_told_apart_by_place_not_by_order() -> None:
    tracks = Tracks().update([LEFT, RIGHT], [[1.0, 0.0], [0.0, 1.0]], 0.0)
    moved = Box(RIGHT.x0 + 0.02, RIGHT.y0, RIGHT.x1 + 0.02, RIGHT.y1)
    tracks = tracks.update([moved, LEFT], [[0.0, 1.0], [1.0, 0.0]], 0.1)
    assert [track.probabilities for track in tracks.faces] == [(0.0, 1.0), (1.0, 0.0)]


def test_a_face_out_of_sight_comes_back_until_it_is_forgotten() -> None:
    seen = Tracks().update([LEFT], [[1.0, 0.0]], 0.0)
    gone = seen.update([], [], FORGOTTEN / 2)
    back = gone.update([LEFT], [[0.0, 1.0]], FORGOTTEN / 2 + 0.01)
    assert back.faces[0].probabilities[0] > 0
    assert seen.update([], [], FORGOTTEN * 1.1).faces == ()
    assert seen.update([LEFT], [[0.0, 1.0]], FORGOTTEN * 1.1).faces[0].probabilities == (0.0, 1.0)


def test_another_networks_classes_start_anew() -> None:
    tracks = Tracks().update([LEFT], [[1.0, 0.0]], 0.0).update([LEFT], [[0.2, 0.3, 0.5]], 0.1)
    assert tracks.faces[0].probabilities == (0.2, 0.3, 0.5)


def test_it_travels_as_json_and_anything_else_is_no_track() -> None:
    tracks = Tracks().update([LEFT, RIGHT], [[0.4, 0.6], [0.1, 0.9]], 3.0)
    assert Tracks.from_json(tracks.to_json()) == tracks
    for junk in (None, 3, "x", [[1]], [[[0, 0, 1, 1], [math.nan], 0]], [[[0, 0, 1, "a"], [0.5], 0]]):
        assert Tracks.from_json(junk) == Tracks()
