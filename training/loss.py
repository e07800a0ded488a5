"""What a step minimises: cross-entropy on soft targets, distillation, and EmoNeXt's regulariser where there is one.

Focal loss and Ad-Corre's are left out: no run here showed that they earn their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms import v2

from fer_explain.models.layers.attention import SelfAttentionRegularizer, attention_loss
from training.config import TrainConfig


def soft_targets(labels: Tensor, num_classes: int, smoothing: float) -> Tensor:
    """Labels (N,) as distributions (N, K): 1 - s on the class and s spread over all K (Szegedy et al. 2016)."""
    return F.one_hot(labels, num_classes).float() * (1 - smoothing) + smoothing / num_classes


def smoothed(targets: Tensor, smoothing: float) -> Tensor:
    """Distributions (N, K) with a share spread over all K."""
    return targets * (1 - smoothing) + smoothing / targets.shape[1]


def log_prior(labels: Tensor, targets: Tensor | None, num_classes: int, tau: float) -> Tensor | None:
    """tau x log of each class's share (K,), to be added to the logits in training; None when tau is 0.

    Without it at test time, the network's answers are those for classes that are equally common (Menon et al. 2021,
    equation 10).
    """
    if not tau:
        return None
    counts = torch.bincount(labels, minlength=num_classes).float() if targets is None else targets.sum(0)
    return tau * (counts.clamp(min=1e-3) / counts.sum()).log()


def class_weights(labels: Tensor, num_classes: int, kind: str) -> Tensor | None:
    """Weights (K,) of the classes by their inverse frequency or its root, 1 on average over ``labels``; None: all 1."""
    if kind == "none":
        return None
    counts = torch.bincount(labels, minlength=num_classes).float()
    weights = counts.clamp(min=1) ** (-1.0 if kind == "inverse" else -0.5)
    return weights * counts.sum() / (weights * counts).sum()


def mix(images: Tensor, targets: Tensor, config: TrainConfig) -> tuple[Tensor, Tensor]:
    """Mixup or cutmix of a share of the batches, each with itself shifted by one image; both on: one of them at random.

    One draw for the whole batch is what both papers describe, so torchvision's transforms serve.

    Args:
        images: (N, C, S, S).
        targets: (N, any number): mixed in step with the pixels.
        config: the alphas and the share.
    """
    options = [
        transform(alpha=alpha)
        for transform, alpha in ((v2.MixUp, config.mixup), (v2.CutMix, config.cutmix))
        if alpha > 0
    ]
    if not options or torch.rand(()) >= config.mix_share:
        return images, targets
    mixed: tuple[Tensor, Tensor] = options[int(torch.randint(len(options), ()))](images, targets)
    return mixed


def soft_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy of logits (N, K) against distributions (N, K), classes weighted by ``weights`` (K,)."""
    if weights is not None:
        targets = targets * weights
    return -(targets * logits.float().log_softmax(-1)).sum(-1).mean()


def classification_loss(
    logits: Tensor,
    targets: Tensor,
    config: TrainConfig,
    weights: Tensor | None = None,
    prior: Tensor | None = None,
) -> Tensor:
    """Cross-entropy, mixed with distillation where there are teachers (Hinton et al. 2015, section 2).

    Args:
        logits: (N, K).
        targets: (N, K) distributions of the labels, or (N, 2 K): beside them the teachers' softened distributions.
        config: their share and temperature T; that part is multiplied by T^2, which keeps its gradient's size.
        weights: of the classes (K,), for the labels only.
        prior: of :func:`log_prior`, for the labels only: the teachers' answers have their own balance.
    """
    num_classes = logits.shape[1]
    adjusted = logits if prior is None else logits + prior
    loss = soft_cross_entropy(adjusted, targets[:, :num_classes], weights)
    if targets.shape[1] == num_classes:
        return loss
    temperature = config.distill_temperature
    followed = soft_cross_entropy(logits / temperature, targets[:, num_classes:]) * temperature**2
    return (1 - config.distill) * loss + config.distill * followed


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
