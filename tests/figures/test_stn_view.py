from __future__ import annotations

import math

import numpy as np
import pytest

from fer_explain.figures.stn import CANVAS, reading, sampled_window
from fer_explain.types import Box, Face, Warp


def warp(degrees: float = 0.0, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Warp:
    a = math.radians(degrees)
    theta = [
        [scale * math.cos(a), -scale * math.sin(a), shift[0]],
        [scale * math.sin(a), scale * math.cos(a), shift[1]],
    ]
    return Warp(np.array(theta, np.float32), np.zeros((48, 48, 3), np.uint8))


FACE = Face(np.full((96, 96, 3), 200, np.uint8), Box(0, 0, 96, 96), np.array([[48, 0, 48], [0, 48, 48]], np.float32))


@pytest.mark.parametrize("degrees", [-30.0, 0.0, 12.5])
@pytest.mark.parametrize("scale", [0.5, 1.0, 1.25])
def test_a_known_theta_reads_as_what_it_is(degrees: float, scale: float) -> None:
    read = reading(warp(degrees, scale, (0.25, -0.5)), 48)
    assert read.rotation == pytest.approx(degrees, abs=1e-4)
    assert read.zoom == pytest.approx(1 / scale, abs=1e-4)
    assert read.shear == pytest.approx(0, abs=1e-4)
    assert read.shift == pytest.approx((0.25 * 24, -0.5 * 24))


def test_shear_is_read_apart_from_rotation() -> None:
    sheared = Warp(np.array([[1, math.tan(math.radians(20)), 0], [0, 1, 0]], np.float32), np.zeros((8, 8, 3), np.uint8))
    assert reading(sheared, 8).shear == pytest.approx(20, abs=1e-3)
    assert reading(sheared, 8).rotation == 0


def test_the_window_is_bright_inside_and_dim_outside() -> None:
    view = sampled_window(FACE, warp(scale=0.5)).astype(int)
    assert view.shape == (CANVAS, CANVAS, 3)
    centre, corner = view[CANVAS // 2, CANVAS // 2], view[5, 5]
    assert np.abs(centre - 200).max() <= 2
    assert np.abs(corner - 200 * (1 - 96 / 255)).max() <= 2
    # The top edge lies a quarter down, and is drawn in white.
    assert view[CANVAS // 4, CANVAS // 2].min() > 240


def test_a_window_beyond_the_crop_is_shown_whole() -> None:
    view = sampled_window(FACE, warp(scale=1.5))
    assert view[30, CANVAS // 2].max() < 60  # nothing there: the canvas
    assert np.abs(view[CANVAS // 2, CANVAS // 2].astype(int) - 200).max() <= 2
