from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from training.config import TrainConfig
from training.loss import class_weights, classification_loss, mix, soft_cross_entropy, soft_targets


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


def test_only_a_share_of_the_batches_is_mixed() -> None:
    torch.manual_seed(0)
    images, targets = torch.rand(4, 3, 8, 8), torch.eye(4)
    config = TrainConfig(mixup=1.0, mix_share=0.5)
    mixed = sum(not torch.equal(mix(images, targets, config)[0], images) for _ in range(200))
    assert 70 < mixed < 130


@pytest.mark.parametrize("kind", ["inverse", "root"])
def test_class_weights_favour_the_rare_and_are_one_on_average(kind: str) -> None:
    labels = torch.tensor([0] * 90 + [1] * 10)
    weights = class_weights(labels, 2, kind)
    assert weights is not None
    assert weights[labels].mean() == pytest.approx(1.0)
    assert weights[1] / weights[0] == pytest.approx({"inverse": 9.0, "root": 3.0}[kind])
    logits = torch.randn(100, 2)
    expected = (F.cross_entropy(logits, labels, reduction="none") * weights[labels]).mean()
    torch.testing.assert_close(soft_cross_entropy(logits, soft_targets(labels, 2, 0.0), weights), expected)


def test_no_class_weights_leave_the_loss_alone() -> None:
    assert class_weights(torch.arange(7), 7, "none") is None


def test_distillation_is_hintons() -> None:
    torch.manual_seed(0)
    logits, labels, temperature = torch.randn(5, 7), torch.randint(7, (5,)), 3.0
    teacher = torch.randn(5, 7).div(temperature).softmax(-1)
    targets = torch.cat([soft_targets(labels, 7, 0.0), teacher], dim=1)
    config = TrainConfig(distill=0.3, distill_temperature=temperature)
    followed = F.cross_entropy(logits / temperature, teacher) * temperature**2
    expected = 0.7 * F.cross_entropy(logits, labels) + 0.3 * followed
    torch.testing.assert_close(classification_loss(logits, targets, config), expected)
