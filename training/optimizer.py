"""The optimizer of a recipe, with its groups of parameters."""

from __future__ import annotations

from typing import Any

from timm.optim import create_optimizer_v2
from torch import nn
from torch.optim import Optimizer

from training.config import TrainConfig


def make_optimizer(model: nn.Module, config: TrainConfig) -> Optimizer:
    """What changes the weights of a network that lies on its device."""
    fused = {"fused": True} if next(model.parameters()).is_cuda else {}
    groups = parameter_groups(model, config)
    optimizer: Optimizer = create_optimizer_v2(
        groups, config.optimizer, lr=config.lr, momentum=config.momentum, **fused
    )
    return optimizer


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Gives each group its share of a learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]


def parameter_groups(model: nn.Module, config: TrainConfig) -> list[dict[str, Any]]:
    """Trainable parameters by weight decay (none for biases and norms, but for ``decay_all``) and rate (``stn_lr``)."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decay = config.weight_decay if parameter.ndim > 1 or config.decay_all else 0.0
            scale = config.stn_lr if name.startswith("stn.") else 1.0
            groups.setdefault((scale, decay), []).append(parameter)
    return [
        {"params": params, "weight_decay": decay, "lr_scale": scale, "lr": config.lr * scale}
        for (scale, decay), params in sorted(groups.items(), key=lambda item: item[0], reverse=True)
    ]
