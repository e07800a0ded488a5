"""Wrong frames are the classic silent bug: every test here knows by arithmetic where a point must land."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fer_explain.explain.unwarp import to_crop, to_photo
from fer_explain.models.layers.stn import warp as sample
from fer_explain.types import Box, Face, Floats, Warp, apply_affine

THETAS = {
    "identity": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    "turned 25 degrees, zoomed, shifted": [[0.634, -0.296, 0.15], [0.296, 0.634, -0.1]],
    "sheared and stretched": [[0.9, 0.3, -0.05], [0.05, 0.6, 0.2]],
    "mirrored": [[-0.8, 0.1, 0.05], [0.1, 0.8, 0.0]],
}
POINTS = [(0.0, 0.0), (0.5, -0.4), (-0.6, 0.3)]


def warp_of(theta: list[list[float]]) -> Warp:
    return Warp(np.array(theta, dtype=np.float32), np.zeros((4, 4, 3), dtype=np.uint8))


def rotated_face(centre: tuple[float, float] = (110.0, 90.0), half: float = 50.0, degrees: float = 30.0) -> Face:
    """A square crop of side 2 * half, turned around its centre on the photo."""
    cos, sin = half * math.cos(math.radians(degrees)), half * math.sin(math.radians(degrees))
    matrix = np.array([[cos, -sin, centre[0]], [sin, cos, centre[1]]], dtype=np.float32)
    return Face(np.zeros((64, 64, 3), dtype=np.uint8), Box(60, 40, 160, 140), matrix)


def blob(at: tuple[float, float], size: int = 96, width: float = 0.08) -> Floats:
    """A Gaussian with its peak at a normalised position."""
    centres = (np.arange(size) * 2 + 1) / size - 1
    squared = (centres[None, :] - at[0]) ** 2 + (centres[:, None] - at[1]) ** 2
    values: Floats = np.exp(-squared / (2 * width**2)).astype(np.float32)
    return values


def centroid(values: Floats) -> np.ndarray:
    """Centre of mass (x, y) in continuous pixels."""
    rows, columns = np.indices(values.shape) + 0.5
    return np.array([(columns * values).sum(), (rows * values).sum()]) / values.sum()


@pytest.mark.parametrize("theta", THETAS.values(), ids=THETAS.keys())
@pytest.mark.parametrize("point", POINTS)
def test_a_point_of_the_warped_frame_lands_on_its_photo_pixel(
    theta: list[list[float]], point: tuple[float, float]
) -> None:
    face, warp = rotated_face(), warp_of(theta)
    on_crop = apply_affine(warp.theta, np.array([point], dtype=np.float32))
    (expected,) = apply_affine(face.to_photo, on_crop)
    values, mask = to_photo(blob(point, width=0.05), "warped", face, warp, (180, 240))
    peak = np.unravel_index(values.argmax(), values.shape)
    assert np.abs(np.array([peak[1], peak[0]]) + 0.5 - expected).max() <= 0.75
    assert np.abs(centroid(values**2) - expected).max() < 0.1
    assert mask[peak]
    assert values.shape == mask.shape == (180, 240)


def test_a_single_marked_pixel_lands_within_half_a_pixel() -> None:
    face, warp = rotated_face(), warp_of(THETAS["turned 25 degrees, zoomed, shifted"])
    one = np.zeros((24, 24), dtype=np.float32)
    one[5, 17] = 1
    centre = np.array([[(17.5) / 12 - 1, (5.5) / 12 - 1]], dtype=np.float32)
    (expected,) = apply_affine(face.to_photo, apply_affine(warp.theta, centre))
    values, _ = to_photo(one, "warped", face, warp, (180, 240))
    assert np.abs(centroid(values) - expected).max() < 0.5


@pytest.mark.parametrize("point", POINTS)
def test_a_map_of_the_crop_ignores_the_warp(point: tuple[float, float]) -> None:
    face = rotated_face(degrees=-50)
    (expected,) = apply_affine(face.to_photo, np.array([point], dtype=np.float32))
    for warp in (None, warp_of(THETAS["mirrored"])):
        values, _ = to_photo(blob(point, width=0.05), "crop", face, warp, (180, 240))
        assert np.abs(centroid(values**2) - expected).max() < 0.1


@pytest.mark.parametrize("theta", THETAS.values(), ids=THETAS.keys())
def test_unwarping_undoes_what_the_spatial_transformer_did(theta: list[list[float]]) -> None:
    """A mark is put on the crop and sampled forward by the layer itself; un-warping brings it back to where it was."""
    warp = warp_of(theta)
    marked = apply_affine(warp.theta, np.array([[0.3, 0.2]], dtype=np.float32))[0]
    crop = blob((float(marked[0]), float(marked[1])), width=0.06)
    seen = sample(torch.from_numpy(crop)[None, None], torch.from_numpy(warp.theta)[None])[0, 0].numpy()
    back, mask = to_crop(seen, "warped", warp, crop.shape)
    assert np.abs(centroid(back**2) - centroid(crop**2)).max() < 0.1
    np.testing.assert_allclose(back[mask], crop[mask], atol=0.08)


def test_a_dot_on_the_photo_goes_through_crop_and_transformer_and_comes_back() -> None:
    """photo -> crop -> warped, each sampled by torch, then un-warped: the frames of the whole pipeline agree."""
    face, warp = rotated_face(), warp_of(THETAS["turned 25 degrees, zoomed, shifted"])
    rows, columns = np.indices((180, 240)) + 0.5
    photo = np.exp(-((columns - 118) ** 2 + (rows - 82) ** 2) / (2 * 3.0**2)).astype(np.float32)
    pixel_to_normal = np.array([[2 / 240, 0, -1], [0, 2 / 180, -1]]) @ np.vstack([face.to_photo, [0, 0, 1]])
    grid = F.affine_grid(torch.from_numpy(pixel_to_normal[None]).float(), [1, 1, 96, 96], align_corners=False)
    crop = F.grid_sample(torch.from_numpy(photo)[None, None], grid, align_corners=False)
    seen = sample(crop, torch.from_numpy(warp.theta)[None])[0, 0].numpy()
    back, _ = to_photo(seen, "warped", face, warp, (180, 240))
    assert np.abs(centroid(back**2) - (118, 82)).max() < 0.2


def test_a_map_in_the_wrong_frame_would_be_noticed() -> None:
    face, warp = rotated_face(), warp_of(THETAS["turned 25 degrees, zoomed, shifted"])
    right, _ = to_photo(blob((0.5, -0.4)), "warped", face, warp, (180, 240))
    wrong, _ = to_photo(blob((0.5, -0.4)), "crop", face, warp, (180, 240))
    assert np.linalg.norm(centroid(right) - centroid(wrong)) > 10


def test_the_mask_covers_what_the_network_saw_and_nothing_beyond() -> None:
    face = Face(np.zeros((8, 8, 3), np.uint8), Box(20, 20, 60, 60), np.array([[20, 0, 40], [0, 20, 40]], np.float32))
    ones = np.ones((7, 7), dtype=np.float32)
    values, mask = to_photo(ones, "crop", face, None, (100, 100))
    expected = np.zeros((100, 100), dtype=bool)
    expected[20:60, 20:60] = True
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_allclose(values, expected.astype(np.float32), atol=1e-6)
    _, inner = to_photo(ones, "warped", face, warp_of([[0.5, 0, 0], [0, 0.5, 0]]), (100, 100))
    assert inner.sum() == 20 * 20
    _, beyond = to_photo(ones, "warped", face, warp_of([[2, 0, 0], [0, 2, 0]]), (100, 100))
    np.testing.assert_array_equal(beyond, expected)  # what lies beyond the crop was padding, not photo


@pytest.mark.parametrize("centre", [(0.0, 0.0), (235.0, 170.0), (-300.0, 50.0)])
def test_a_face_over_the_border_of_the_photo(centre: tuple[float, float]) -> None:
    face = rotated_face(centre=centre)
    values, mask = to_photo(np.ones((7, 7), dtype=np.float32), "crop", face, None, (180, 240))
    assert values.shape == (180, 240)
    assert mask.any() == (centre[0] >= 0)
    np.testing.assert_allclose(values, mask.astype(np.float32), atol=1e-6)


@pytest.mark.parametrize("theta", [[[0, 0, 0.1], [0, 0, 0]], [[1, 1, 0], [1, 1, 0]]])
def test_a_face_collapsed_to_a_line_gives_an_empty_map(theta: list[list[float]]) -> None:
    values, mask = to_photo(np.ones((7, 7), np.float32), "warped", rotated_face(), warp_of(theta), (180, 240))
    assert not values.any()
    assert not mask.any()
    assert not to_crop(np.ones((7, 7), np.float32), "warped", warp_of(theta), (32, 32))[1].any()


def test_signed_values_keep_their_sign_and_size() -> None:
    values, mask = to_photo(np.full((7, 7), -0.5, dtype=np.float32), "crop", rotated_face(), None, (180, 240))
    np.testing.assert_allclose(values[mask], -0.5, atol=1e-6)


def test_frames_that_do_not_fit_are_refused() -> None:
    ones = np.ones((180, 240), dtype=np.float32)
    assert to_photo(ones, "photo", rotated_face(), None, (180, 240))[1].all()
    with pytest.raises(ValueError, match="should have its shape"):
        to_photo(ones[:-1], "photo", rotated_face(), None, (180, 240))
    with pytest.raises(ValueError, match="needs the warp"):
        to_photo(ones, "warped", rotated_face(), None, (180, 240))
    with pytest.raises(ValueError, match="over the photo"):
        to_crop(ones, "photo", None, (180, 240))
