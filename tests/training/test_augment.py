from __future__ import annotations

import pytest
import torch

from fer_explain.types import InputSpec
from training.augment import augment, random_affine
from training.config import TrainConfig

STILL = TrainConfig(hflip=0, rotate=0, zoom=0, translate=0, light=0, erase=0)


def spec(size: int) -> InputSpec:
    return InputSpec(size, 1, (0.5,), (0.5,))


def with_options(**options: float) -> TrainConfig:
    return TrainConfig(
        **{name: getattr(STILL, name) for name in ("hflip", "rotate", "zoom", "translate", "light", "erase")} | options
    )


def test_nothing_asked_for_changes_nothing() -> None:
    x = torch.rand(3, 1, 48, 48)
    torch.testing.assert_close(augment(x, spec(48), STILL), x, atol=1e-5, rtol=0)


def test_flips_are_exact_and_per_image() -> None:
    x = torch.rand(64, 1, 20, 20)
    always = augment(x, spec(20), with_options(hflip=1.0))
    torch.testing.assert_close(always, x.flip(-1), atol=1e-5, rtol=0)
    torch.testing.assert_close(augment(x, spec(20), with_options(vflip=1.0)), x.flip(-2), atol=1e-5, rtol=0)
    sometimes = augment(x, spec(20), with_options(hflip=0.5))
    flipped = [bool(torch.allclose(view, image.flip(-1), atol=1e-4)) for view, image in zip(sometimes, x, strict=True)]
    assert 0 < sum(flipped) < 64


def test_the_size_becomes_the_networks() -> None:
    assert augment(torch.rand(2, 3, 48, 48), spec(96), TrainConfig()).shape == (2, 3, 96, 96)


def test_draws_stay_within_their_limits() -> None:
    theta = random_affine(2000, TrainConfig(hflip=0, rotate=10, zoom=0.2, translate=0.1))
    scale = torch.linalg.det(theta[:, :, :2]).sqrt()
    angle = torch.atan2(theta[:, 1, 0], theta[:, 0, 0]).rad2deg()
    assert 1 / 1.2 - 1e-4 <= scale.min() < 0.85 < 1.15 < scale.max() <= 1.2 + 1e-4
    assert 9 < angle.abs().max() <= 10 + 1e-3
    assert 0.19 < theta[:, :, 2].abs().max() <= 0.2 + 1e-6  # normalised coordinates are two wide


@pytest.mark.parametrize("option", ["light", "erase"])
def test_light_and_erasing_change_the_image_and_keep_its_range(option: str) -> None:
    x = torch.rand(32, 1, 24, 24)
    changed = augment(x, spec(24), with_options(**{option: 0.9}))
    assert not torch.allclose(changed, x, atol=1e-3)
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_the_same_seed_draws_the_same_views() -> None:
    x, config = torch.rand(4, 1, 48, 48), TrainConfig()
    views = []
    for _ in range(2):
        torch.manual_seed(5)
        views.append(augment(x, spec(48), config))
    assert torch.equal(*views)
