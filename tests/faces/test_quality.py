"""The warnings about a picture, on drawn faces of known size, blur and light."""

import cv2
import numpy as np

from fer_explain.faces.detect import whole_image
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.quality import size, warnings

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
