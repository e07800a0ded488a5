from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from training.config import TrainConfig
from training.loss import mix, soft_cross_entropy, soft_targets


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.2])
def test_smoothed_cross_entropy_is_torchs(smoothing: float) -> None:
    logits, labels = torch.randn(9, 7), torch.randint(7, (9,))
    actual = soft_cross_entropy(logits, soft_targets(labels, 7, smoothing))
    torch.testing.assert_close(actual, F.cross_entropy(logits, labels, label_smoothing=smoothing))


@pytest.mark.parametrize("options", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}])
def test_mixing_keeps_targets_in_step_with_pixels(options: dict[str, float]) -> None:
    # One-hot targets and images that are constant at their label: the mean pixel must be the expected label.
    torch.manual_seed(0)
    labels = torch.arange(7).repeat(2)
    images = labels.float()[:, None, None, None].expand(-1, 1, 32, 32)
    for _ in range(20):
        mixed, targets = mix(images, soft_targets(labels, 7, 0.0), TrainConfig(**options))
        torch.testing.assert_close(mixed.mean((1, 2, 3)), targets @ torch.arange(7.0), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(targets.sum(1), torch.ones(14))


def test_without_options_nothing_is_mixed() -> None:
    images, targets = torch.rand(4, 3, 8, 8), torch.eye(4)
    assert mix(images, targets, TrainConfig()) == (images, targets)
