"""The spatial transformer against grid_sample and against geometry worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from fer_explain.models.layers.stn import SpatialTransformer, warp


def theta(degrees: float = 0.0, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> torch.Tensor:
    a = math.radians(degrees)
    rows = [[scale * math.cos(a), -scale * math.sin(a), shift[0]], [scale * math.sin(a), scale * math.cos(a), shift[1]]]
    return torch.tensor([rows])


@pytest.mark.parametrize("size", [20, 21, 32, 47, 48, 96, 97, 112, 224])
@pytest.mark.parametrize("channels_last", [False, True])
def test_starts_as_the_identity_at_every_size(size: int, channels_last: bool) -> None:
    x = torch.rand(2, 3, size, size)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    stn = SpatialTransformer(3, size).eval()
    torch.testing.assert_close(stn(x), x, atol=1e-4, rtol=0)


def test_accepts_another_size_than_built_for() -> None:
    x = torch.rand(1, 3, 64, 80)
    torch.testing.assert_close(SpatialTransformer(3, 48).eval()(x), x, atol=1e-4, rtol=0)


def test_has_the_published_localisation_size_at_224() -> None:
    stn = SpatialTransformer(3, 224)
    assert stn.fc[1].in_features == 10 * 52 * 52
    assert stn.fc[1].out_features == 32


@pytest.mark.parametrize("size", [33, 48])
def test_warp_is_affine_grid_and_grid_sample(size: int) -> None:
    x = torch.rand(3, 2, size, size + 5)
    matrices = torch.cat([theta(20, 0.8, (0.1, -0.2)), theta(-90, 1.2), theta(5, 1.0, (0.5, 0.0))])
    grid = F.affine_grid(matrices, list(x.shape), align_corners=False)
    torch.testing.assert_close(warp(x, matrices), F.grid_sample(x, grid, align_corners=False), atol=1e-5, rtol=1e-5)


def test_a_quarter_turn_and_a_whole_pixel_shift_are_exact() -> None:
    x = torch.rand(1, 1, 16, 16)
    # theta maps output to input: the output's top left shows the input's top right after a turn by 90 degrees.
    torch.testing.assert_close(warp(x, theta(90)), torch.rot90(x, 1, (2, 3)), atol=1e-5, rtol=0)
    moved = warp(x, theta(shift=(2 * 3 / 16, 0.0)))
    torch.testing.assert_close(moved[..., :13], x[..., 3:], atol=1e-5, rtol=0)
    assert moved[..., 13:].abs().max() < 1e-5


def test_stays_exact_under_autocast() -> None:
    x = torch.rand(1, 3, 224, 224)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        actual = warp(x, theta(0.0))
    torch.testing.assert_close(actual, x, atol=1e-4, rtol=0)


def test_gradient_reaches_the_regressor() -> None:
    stn = SpatialTransformer(1, 32)
    stn(torch.rand(2, 1, 32, 32)).square().sum().backward()
    assert stn.theta[0].weight.grad.abs().sum() > 0


def test_too_small_an_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        SpatialTransformer(3, 19)
