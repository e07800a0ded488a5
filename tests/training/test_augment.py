from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torchvision.transforms.v2.functional import gaussian_blur

from fer_explain.types import InputSpec
from training.augment import DRAWS, affine, augment, is_flipped
from training.config import TrainConfig

STILL = TrainConfig(hflip=0, rotate=0, zoom=0, translate=0, light=0, erase=0)


def spec(size: int) -> InputSpec:
    return InputSpec(size, 1, (0.5,), (0.5,))


def views_of(images: torch.Tensor, size: int, config: TrainConfig) -> torch.Tensor:
    return augment(images, torch.rand(len(images), DRAWS), spec(size), config)


def with_options(**options: float) -> TrainConfig:
    return TrainConfig(
        **{name: getattr(STILL, name) for name in ("hflip", "rotate", "zoom", "translate", "light", "erase")} | options
    )


def test_nothing_asked_for_changes_nothing() -> None:
    x = torch.rand(3, 1, 48, 48)
    torch.testing.assert_close(views_of(x, 48, STILL), x, atol=1e-5, rtol=0)


def test_flips_are_exact_and_per_image() -> None:
    x = torch.rand(64, 1, 20, 20)
    always = views_of(x, 20, with_options(hflip=1.0))
    torch.testing.assert_close(always, x.flip(-1), atol=1e-5, rtol=0)
    torch.testing.assert_close(views_of(x, 20, with_options(vflip=1.0)), x.flip(-2), atol=1e-5, rtol=0)
    draws, config = torch.rand(64, DRAWS), with_options(hflip=0.5)
    sometimes = augment(x, draws, spec(20), config)
    flipped = [bool(torch.allclose(view, image.flip(-1), atol=1e-4)) for view, image in zip(sometimes, x, strict=True)]
    assert 0 < sum(flipped) < 64
    assert flipped == is_flipped(draws, config).tolist()


def test_the_size_becomes_the_networks() -> None:
    assert views_of(torch.rand(2, 3, 48, 48), 96, TrainConfig()).shape == (2, 3, 96, 96)


def test_draws_stay_within_their_limits() -> None:
    theta = affine(torch.rand(2000, DRAWS), TrainConfig(hflip=0, rotate=10, zoom=0.2, translate=0.1))
    scale = torch.linalg.det(theta[:, :, :2]).sqrt()
    angle = torch.atan2(theta[:, 1, 0], theta[:, 0, 0]).rad2deg()
    assert 1 / 1.2 - 1e-4 <= scale.min() < 0.85 < 1.15 < scale.max() <= 1.2 + 1e-4
    assert 9 < angle.abs().max() <= 10 + 1e-3
    assert 0.19 < theta[:, :, 2].abs().max() <= 0.2 + 1e-6  # normalised coordinates are two wide


@pytest.mark.parametrize("option", ["light", "erase", "blur"])
def test_light_blur_and_erasing_change_the_image_and_keep_its_range(option: str) -> None:
    x = torch.rand(32, 1, 24, 24)
    changed = views_of(x, 24, with_options(**{option: 0.9}))
    assert not torch.allclose(changed, x, atol=1e-3)
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_an_image_looks_the_same_in_every_batch() -> None:
    x, draws = torch.rand(6, 1, 48, 48), torch.rand(6, DRAWS)
    config = TrainConfig(blur=1.0, crop=0.05)
    whole = augment(x, draws, spec(48), config)
    parts = [augment(some, their, spec(48), config) for some, their in zip(x.split(2), draws.split(2), strict=True)]
    torch.testing.assert_close(torch.cat(parts), whole)


def test_a_random_crop_is_a_part_of_the_image_at_its_own_scale() -> None:
    # 236 -> 224 of an image that is its own x coordinate: the view is 224/236 as wide and never leaves the image.
    x = torch.linspace(0, 1, 236).expand(200, 1, 236, 236)
    views = views_of(x, 224, with_options(crop=12 / 236, hflip=0))
    torch.testing.assert_close(
        views[:, 0, :, -1] - views[:, 0, :, 0], torch.full((200, 224), 223 / 235), atol=1e-3, rtol=0
    )
    assert 0 <= views[:, 0, 0, 0].min() < 0.01
    assert 0.04 < views[:, 0, 0, 0].max() <= 12 / 235 + 1e-3


def test_a_shift_brings_in_the_mirrored_or_a_black_border() -> None:
    x = torch.ones(40, 1, 20, 20)
    assert views_of(x, 20, with_options(translate=0.3)).min() > 0.999
    assert views_of(x, 20, replace(with_options(translate=0.3), border="black")).min() == 0


def test_blur_is_a_gaussian_of_its_draw() -> None:
    x, config = torch.rand(3, 1, 24, 24), with_options(blur=1.0)
    draws = torch.rand(3, DRAWS)
    draws[:, 8] = torch.tensor([0.0, 0.5, 1.0])
    blurred = augment(x, draws, spec(24), config)
    for image, view, sigma in zip(x, blurred, (0.1, 0.55, 1.0), strict=True):
        torch.testing.assert_close(view, gaussian_blur(image, [3, 3], [sigma]), atol=1e-5, rtol=0)
