"""What a step minimises: cross-entropy on soft targets, plus EmoNeXt's regulariser where the network has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_explain.models.layers.attention import SelfAttentionRegularizer, attention_loss
from training.config import TrainConfig


def soft_targets(labels: Tensor, num_classes: int, smoothing: float) -> Tensor:
    """Labels (N,) as distributions (N, K): 1 - s on the class and s spread over all K (Szegedy et al. 2016)."""
    return F.one_hot(labels, num_classes).float() * (1 - smoothing) + smoothing / num_classes


def mix(images: Tensor, targets: Tensor, config: TrainConfig) -> tuple[Tensor, Tensor]:
    """Mixup or cutmix of a batch with itself reversed; both on: one of them at random. Returns images and targets."""
    options = [name for name in ("mixup", "cutmix") if getattr(config, name) > 0]
    if not options:
        return images, targets
    name = options[int(torch.randint(len(options), ()))]
    alpha = torch.tensor(float(getattr(config, name)))
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    if name == "mixup":
        images = images * share + images.flip(0) * (1 - share)
    else:
        images, share = _paste(images, share)
    return images, targets * share + targets.flip(0) * (1 - share)


def _paste(images: Tensor, share: float) -> tuple[Tensor, float]:
    """Pastes a rectangle of about ``1 - share`` of the area from the reversed batch; returns the share that is left."""
    height, width = images.shape[-2:]
    half_h, half_w = (round(side * (1 - share) ** 0.5 / 2) for side in (height, width))
    y, x = int(torch.randint(height, ())), int(torch.randint(width, ()))
    top, bottom = max(0, y - half_h), min(height, y + half_h)
    left, right = max(0, x - half_w), min(width, x + half_w)
    mixed = images.clone()
    mixed[..., top:bottom, left:right] = images.flip(0)[..., top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (height * width)


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of logits (N, K) against distributions (N, K)."""
    return -(targets * logits.float().log_softmax(-1)).sum(-1).mean()


@contextmanager
def attention_penalty(model: nn.Module) -> Iterator[list[Tensor]]:
    """While open, each forward pass in training mode leaves its regulariser's value in the (otherwise empty) list."""
    values: list[Tensor] = []
    handles = [
        module.weights.register_forward_hook(lambda _module, _inputs, output: values.append(attention_loss(output)))
        for module in model.modules()
        if isinstance(module, SelfAttentionRegularizer)
    ]
    try:
        yield values
    finally:
        for handle in handles:
            handle.remove()
