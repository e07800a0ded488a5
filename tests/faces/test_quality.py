"""The warnings about a picture, on drawn faces of known size, blur, light and turn."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer_explain.faces.detect import whole_image
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.quality import size, turn, warnings

GOOD = draw_face("happy", size=192).pixels


def names(pixels: np.ndarray) -> list[str]:
    return [limit.name for limit in warnings(whole_image(pixels))]


def test_a_good_picture_has_none() -> None:
    assert names(GOOD) == []
    assert names(draw_face("neutral", size=48).pixels) == []


def test_a_small_face_is_told() -> None:
    small = draw_face("happy", size=16).pixels
    assert abs(size(whole_image(small)) - 0.76 * 16) < 0.1
    assert "small" in names(small)
    assert "small" not in names(draw_face("happy", size=40).pixels)


def test_blur_and_light_are_told_once_they_are_strong() -> None:
    assert names(cv2.GaussianBlur(GOOD, (0, 0), 14)) == ["blurred"]
    assert names((GOOD * 0.03).astype(np.uint8))[0] == "dark"
    assert "burnt" in names(np.clip(GOOD.astype(float) * 6, 0, 255).astype(np.uint8))
    assert names((GOOD * 0.6).astype(np.uint8)) == []


@pytest.mark.parametrize("tilt", [0, 25, -40])
@pytest.mark.parametrize(("nose", "told"), [(0.0, []), (0.4, []), (0.55, ["turned"]), (-0.9, ["turned"])])
def test_a_turned_head_is_told_and_a_tilted_one_is_not(nose: float, told: list[str], tilt: float) -> None:
    """``nose``: its tip's way from the middle, in distances between the eyes."""
    points = np.array([[70, 80], [120, 80], [95 + 50 * nose, 110], [75, 140], [115, 140]], np.float32)
    angle = np.radians(tilt)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    middle = points[:2].mean(0)
    # The nose lies below the eyes, so its foot on the line between them is what tells.
    face = replace(whole_image(GOOD), landmarks=(points - middle) @ spin.T + middle)
    assert turn(face) == pytest.approx(abs(nose), abs=1e-5)
    assert [limit.name for limit in warnings(face)] == told


def test_without_landmarks_nothing_is_said_of_the_turn() -> None:
    assert turn(whole_image(GOOD)) == 0
