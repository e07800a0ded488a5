"""The crop rule, by arithmetic: a point of the crop lies where ``to_photo`` says, to a fraction of a pixel."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from fer_explain.faces.crop import MAX_SIDE, CropRule, crop_face, sample, to_photo
from fer_explain.types import CORNERS, Box, Floats, Pixels, apply_affine


@pytest.fixture
def noise() -> Pixels:
    return np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)


def turned_landmarks(centre: tuple[float, float], degrees: float) -> Floats:
    """Five points of a face whose eyes are turned clockwise by ``degrees`` around ``centre``."""
    upright = np.array([[-20, -10], [20, -10], [0, 5], [-12, 22], [12, 22]], np.float32)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return apply_affine(np.array([[cos, -sin, centre[0]], [sin, cos, centre[1]]], np.float32), upright)


def test_an_integer_box_is_cut_exactly(noise: Pixels) -> None:
    face = crop_face(noise, Box(30, 20, 94, 84), source="test", score=0.5)
    np.testing.assert_array_equal(face.pixels, noise[20:84, 30:94])
    np.testing.assert_allclose(face.corners, [[30, 20], [94, 20], [94, 84], [30, 84]])
    assert (face.source, face.score, face.landmarks) == ("test", 0.5, None)


def test_the_square_is_as_large_as_the_longer_side_and_grows_by_the_margin() -> None:
    matrix = to_photo(Box(40, 20, 80, 100), None, CropRule(margin=0.25))
    np.testing.assert_allclose(apply_affine(matrix, CORNERS), [[0, 0], [120, 0], [120, 120], [0, 120]], atol=1e-4)


def test_a_crop_over_the_border_repeats_it(noise: Pixels) -> None:
    face = crop_face(noise, Box(-16, -16, 48, 48))
    np.testing.assert_array_equal(face.pixels[16:, 16:], noise[:48, :48])
    assert (face.pixels[:16, :16] == noise[0, 0]).all()
    np.testing.assert_array_equal(face.pixels[:16, 16:], np.broadcast_to(noise[0, :48], (16, 48, 3)))


@pytest.mark.parametrize("degrees", [-37.0, 12.0, 90.0, 180.0, -90.0])
@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_aligned_eyes_lie_level_and_every_point_where_the_map_says(degrees: float, margin: float) -> None:
    centre = (101.5, 97.25)
    landmarks = turned_landmarks(centre, degrees)
    photo = np.zeros((200, 200, 3), np.uint8)
    for x, y in landmarks[:2]:
        cv2.circle(photo, (round((x - 0.5) * 16), round((y - 0.5) * 16)), 4 * 16, (255,) * 3, -1, cv2.LINE_AA, 4)
    face = crop_face(photo, Box(61.5, 57.25, 141.5, 137.25), landmarks, CropRule(margin, align_eyes=True))

    side = len(face.pixels)
    assert side == round(80 * (1 + 2 * margin))
    for half, x in ((face.pixels[:, : side // 2], -20), (face.pixels[:, side // 2 :], 20)):
        weights = half[..., 0].astype(float)
        row, column = (float(np.average(grid, weights=weights)) for grid in np.indices(weights.shape))
        assert row + 0.5 == pytest.approx(side / 2 - 10, abs=0.3)  # photo scale: 10 pixels above the centre
        assert column + 0.5 + (x > 0) * (side // 2) == pytest.approx(side / 2 + x, abs=0.3)


@pytest.mark.parametrize(("degrees", "quarters"), [(20, 0), (-40, 0), (80, 1), (-100, -1), (170, 2)])
def test_without_alignment_the_crop_follows_quarter_turns_only(degrees: float, quarters: int) -> None:
    matrix = to_photo(Box(0, 0, 80, 80), turned_landmarks((40, 40), degrees), CropRule())
    turn = math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
    assert (turn - 90 * quarters) % 360 == pytest.approx(0)


def test_a_quarter_turn_loses_nothing(noise: Pixels) -> None:
    face = crop_face(noise, Box(20, 20, 84, 84), turned_landmarks((52, 52), 90))
    np.testing.assert_array_equal(face.pixels, np.rot90(noise[20:84, 20:84]))


def test_a_large_face_is_reduced_by_averaging_not_by_skipping() -> None:
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    face = crop_face(stripes, Box(0, 0, 1024, 1024))
    assert face.pixels.shape == (MAX_SIDE, MAX_SIDE, 3)
    assert abs(face.pixels.astype(int) - 128).max() <= 1


def test_reducing_keeps_places() -> None:
    ramp = np.repeat(np.tile(np.linspace(0, 250, 601, dtype=np.float32)[:600], (600, 1))[..., None], 3, 2)
    matrix = to_photo(Box(37, 50, 537, 550), None, CropRule())
    reduced = sample(np.rint(ramp).astype(np.uint8), matrix, 100)
    x = 37 + (np.arange(100) + 0.5) * 5 - 0.5
    np.testing.assert_allclose(reduced[50, :, 0], x * 250 / 600, atol=1)


def test_a_tiny_face_still_gives_a_crop(noise: Pixels) -> None:
    assert crop_face(noise, Box(10, 10, 13, 14)).pixels.shape == (16, 16, 3)


@pytest.mark.parametrize("margin", [-0.5, 3.0])
def test_a_senseless_margin_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match=f"margin.*got {margin}"):
        CropRule(margin)
