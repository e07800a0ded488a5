from __future__ import annotations

import numpy as np
import pytest

from fer_explain.figures.colormap import DIVERGING, INFERNO, colorize, table
from fer_explain.figures.overlay import blend, heat_layer


def test_tables_run_from_the_first_to_the_last_colour() -> None:
    for colors in (INFERNO, DIVERGING):
        colours = table(colors)
        assert colours.shape == (256, 3)
        assert colours.dtype == np.uint8
        assert "#{:02x}{:02x}{:02x}".format(*colours[-1]) == colors[-1].lower()


def test_inferno_grows_brighter_and_the_diverging_map_is_palest_in_the_middle() -> None:
    assert (np.diff(table(INFERNO).astype(int).sum(1)) >= -1).all()
    middle = colorize(np.array([[-1, 0, 1]], np.float32), signed=True)[0].astype(int).sum(1)
    assert middle[1] > middle[0]
    assert middle[1] > middle[2]


def test_values_beyond_the_scale_are_clipped() -> None:
    picture = colorize(np.array([[-3.0, 0.0, 1.0, 7.0]], np.float32))
    assert np.array_equal(picture[0, 0], picture[0, 1])
    assert np.array_equal(picture[0, 2], picture[0, 3])


def test_a_layer_is_cut_to_its_mask() -> None:
    values, mask = np.zeros((20, 30), np.float32), np.zeros((20, 30), bool)
    mask[5:9, 10:16] = True
    values[6, 12] = 1
    layer = heat_layer(values, mask)
    assert layer is not None
    assert (layer.x, layer.y, layer.pixels.shape) == (10, 5, (4, 6, 4))
    brightest = np.unravel_index(layer.pixels[..., :3].astype(int).sum(-1).argmax(), (4, 6))
    assert brightest == (1, 2)
    assert (layer.pixels[..., 3] == 255).all()
    assert heat_layer(values, np.zeros_like(mask)) is None
    with pytest.raises(ValueError, match="mask"):
        heat_layer(values, mask[:-1])


def test_blending_touches_only_the_layer_and_not_the_photo() -> None:
    photo = np.full((10, 10, 3), 100, np.uint8)
    values, mask = np.ones((10, 10), np.float32), np.zeros((10, 10), bool)
    mask[2:4, 2:4] = True
    layer = heat_layer(values, mask)
    half, none = blend(photo, layer, 0.5), blend(photo, layer, 0.0)
    assert np.array_equal(none, photo)
    assert (photo == 100).all()
    changed = (half != 100).any(-1)
    assert np.array_equal(changed, mask)
    expected = (100 + colorize(np.ones((1, 1), np.float32))[0, 0].astype(float)) / 2
    assert np.abs(half[2, 2] - expected).max() <= 1
