"""What a camera does: each disturbance alone, its range, and that draws alone decide it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms.v2.functional import gaussian_blur, jpeg

from fer_explain.types import InputSpec
from training.augment import augment, draw
from training.capture import CAPTURE_DRAWS, blurred, capture, compressed
from training.config import TrainConfig

OFF = TrainConfig(capture=1.0)
STRENGTHS = {
    "cast": 0.3,
    "gamma": 0.8,
    "exposure": 1.0,
    "uneven": 0.7,
    "defocus": 0.03,
    "low_resolution": 20,
    "noise": 0.08,
    "jpeg": 12,
    "hide": 0.4,
    "hat": 0.5,
}


def faces(n: int = 8, channels: int = 1, side: int = 48) -> torch.Tensor:
    """Smooth pictures, as a face is: noise alone has nothing to lose."""
    torch.manual_seed(0)
    small = torch.rand(n, channels, 6, 6)
    return torch.nn.functional.interpolate(small, (side, side), mode="bicubic").clamp(0.05, 0.95)


def test_without_a_camera_there_are_no_further_draws():
    assert draw(3, TrainConfig()).shape[1] + CAPTURE_DRAWS == draw(3, OFF).shape[1]


@pytest.mark.parametrize(("name", "strength"), STRENGTHS.items())
class TestEach:
    def test_changes_pixels_and_stays_in_range(self, name, strength):
        x = faces(channels=3)
        y = capture(x, torch.rand(8, CAPTURE_DRAWS), replace(OFF, **{name: strength}))
        assert y.shape == x.shape
        assert 0 <= y.min() <= y.max() <= 1
        assert (y - x).abs().mean() > 1e-3

    def test_is_off_at_zero(self, name, strength):
        x = faces()
        torch.testing.assert_close(capture(x, torch.rand(8, CAPTURE_DRAWS), OFF), x)

    def test_happens_to_the_share_that_was_asked_for(self, name, strength):
        config = replace(OFF, capture=0.25, **{name: strength})
        x = faces(1, 3, 32).expand(400, -1, -1, -1)
        torch.manual_seed(1)
        changed = (capture(x, torch.rand(400, CAPTURE_DRAWS), config) - x).abs().amax((1, 2, 3)) > 1e-6
        assert 0.15 < changed.float().mean() < 0.35

    def test_the_same_draws_give_the_same_view_however_batched(self, name, strength):
        config, spec = replace(OFF, **{name: strength}), InputSpec(40, 1, (0.5,), (0.5,))
        x, draws = faces(), draw(8, config)
        parts = [augment(a, b, spec, config) for a, b in zip(x.split(3), draws.split(3), strict=True)]
        torch.testing.assert_close(torch.cat(parts), augment(x, draws, spec, config))


def test_a_cast_leaves_gray_faces_alone():
    x = faces()
    torch.testing.assert_close(capture(x, torch.rand(8, CAPTURE_DRAWS), replace(OFF, cast=0.5)), x)


def test_the_blur_is_torchvisions():
    x = faces(2)
    sigma = torch.tensor([0.8, 1.6])[:, None, None, None]
    ours = blurred(x, sigma, 1.6)
    inner = (..., slice(10, -10), slice(10, -10))
    for index, each in enumerate((0.8, 1.6)):
        theirs = gaussian_blur(x[index : index + 1], [9, 9], [each, each])
        torch.testing.assert_close(ours[index : index + 1][inner], theirs[inner], atol=3e-3, rtol=0)


@pytest.mark.parametrize("quality", [20, 50, 90])
def test_compression_is_close_to_libjpegs(quality):
    x = faces(1, side=64)
    pixels = (x * 255).round().byte()
    theirs = jpeg(pixels, quality).float() / 255
    ours = compressed(pixels.float() / 255, torch.full((1, 1, 1, 1), float(quality)))
    # A coefficient on the border between two steps may be rounded either way, which changes its whole block.
    assert ((ours - theirs).abs() < 3 / 255).float().mean() > 0.95


def test_compression_of_any_side():
    assert compressed(faces(2, 3, 45), torch.full((2, 1, 1, 1), 10.0)).shape == (2, 3, 45, 45)


def test_a_low_resolution_has_no_more_detail_than_its_side():
    x = faces(4, side=96) + 0.02 * torch.randn(4, 1, 96, 96)
    y = capture(x.clamp(0, 1), torch.zeros(4, CAPTURE_DRAWS), replace(OFF, low_resolution=20))
    spectrum = torch.fft.rfft2(y - y.mean((2, 3), keepdim=True)).abs()
    assert spectrum[..., 30:48, 30:].mean() < 0.05 * spectrum[..., :10, :10].mean()


def test_too_much_light_burns_out_what_is_bright_and_leaves_the_rest_in_proportion():
    x = torch.tensor([0.2, 0.4, 0.8])[None, None, :, None].expand(1, 1, 3, 3)
    draws = torch.zeros(1, CAPTURE_DRAWS)
    draws[:, 14] = 1.0
    y = capture(x, draws, replace(OFF, exposure=1.0))
    torch.testing.assert_close(y[0, 0, :, 0], torch.tensor([0.4, 0.8, 1.0]))


def test_noise_on_a_small_sensor_is_as_coarse_as_the_sensor():
    draws = torch.zeros(32, CAPTURE_DRAWS)
    draws[:, 20], draws[:, 21:23] = 1.0, torch.rand(32, 2)
    x = torch.full((32, 1, 96, 96), 0.5)
    fine, coarse = (capture(x, draws, replace(OFF, noise=0.06, sensor=side)) for side in (0, 32))
    assert (coarse.diff(dim=-1).std() / coarse.std()) < 0.5 * (fine.diff(dim=-1).std() / fine.std())


def test_a_sensor_leaves_alone_what_neither_noise_nor_compression_hits():
    x, draws = faces(16, side=96), torch.rand(16, CAPTURE_DRAWS)
    config = replace(OFF, capture=0.4, noise=0.06, jpeg=20, sensor=32)
    missed = (draws[:, 6:8] >= 0.4).all(1)
    assert 0 < missed.sum() < 16
    torch.testing.assert_close(capture(x, draws, config)[missed], x[missed])


def test_noise_has_the_deviation_it_was_given():
    draws = torch.ones(64, CAPTURE_DRAWS) * 0.999
    draws[:, :10] = 0
    draws[:, 21:23] = torch.rand(64, 2)
    x = torch.full((64, 1, 48, 48), 0.5)
    noisy = capture(x, draws, replace(OFF, noise=0.06))
    assert float((noisy - x).std()) == pytest.approx(0.06, rel=0.05)
    assert not np.allclose(noisy[0], noisy[1])


def test_a_hat_covers_the_upper_part_alone():
    x = faces(64)
    draws = torch.rand(64, CAPTURE_DRAWS)
    changed = (capture(x, draws, replace(OFF, hat=0.5)) - x).abs() > 1e-6
    assert not changed[:, :, 24:].any()
    share = changed.flatten(2).float().mean(2)
    assert 0.15 < share.mean() < 0.35
    assert share.max() > 0.4


@pytest.mark.parametrize(
    ("name", "column", "strongest"),
    [
        ("exposure", 14, 1.0),
        ("uneven", 15, 1.0),
        ("defocus", 17, 1.0),
        ("low_resolution", 18, 0.0),
        ("noise", 20, 1.0),
        ("jpeg", 23, 1.0),
        ("hide", 24, 1.0),
        ("hat", 27, 1.0),
    ],
)
def test_of_what_is_strong_that_share_comes_at_full_strength(name, column, strongest):
    """And the rest evenly below, as without."""
    torch.manual_seed(0)
    x, draws = faces(1).expand(400, -1, -1, -1), torch.rand(1, CAPTURE_DRAWS).repeat(400, 1)
    full = draws[:1].clone()
    full[:, column], draws[:, column] = strongest, torch.rand(400)
    config = replace(OFF, **{name: STRENGTHS[name]})
    expected = capture(x[:1], full, config)
    share = {}
    for strong in (0.0, 0.6):
        apart = (capture(x, draws, replace(config, strong=strong)) - expected).abs().amax((1, 2, 3))
        share[strong] = float((apart < 1e-5).float().mean())
    assert share[0.0] < 0.35
    assert 0.5 < share[0.6] < 0.75
