"""Gives a network whose batch norms were folded into its convolutions working batch norms again."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.no_grad()
def unfold_batch_norm(model: nn.Module, x: Tensor) -> int:
    """Refits every batch norm to what reaches it for a batch, so that the network's output on that batch is unchanged.

    Weights converted from inference formats carry batch norms with mean 0 and variance 1: in training mode these would
    destroy the features, and kept in evaluation mode the network trains without normalisation. Here the statistics
    become those of ``x``, and weight and bias (Ioffe and Szegedy 2015, algorithm 1) take up the difference.

    Args:
        model: in any mode, which it keeps.
        x: (N, C, S, S) as from ``faces.preprocess``; a few hundred faces.

    Returns:
        The number of batch norms.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    modes = [(module, module.training) for module in model.modules()]
    handles = [norm.register_forward_pre_hook(_refit) for norm in norms]
    try:
        model.eval()(x)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return len(norms)


def _refit(norm: nn.Module, inputs: tuple[Tensor]) -> None:
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
    slope = norm.weight / (norm.running_var + norm.eps).sqrt()
    norm.bias.add_((mean - norm.running_mean) * slope)
    norm.weight.copy_(slope * (variance + norm.eps).sqrt())
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
