"""PreciseBN (Wu and Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3): batch norms measured anew.

While a network trains, its batch norms keep moving averages over the last augmented batches, each seen by somewhat
other weights; those of an average of weights were seen by none. What a checkpoint is to see are plain faces, so their
statistics are measured on plain training faces with the weights as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from fer_explain.faces.preprocess import to_batch
from fer_explain.types import InputSpec
from training.data import FaceSet

_LARGEST_BATCH: Final = 256


@torch.no_grad()
def measure_norms(model: nn.Module, faces: FaceSet, n: int, spec: InputSpec) -> None:
    """Sets mean and variance of every batch norm to the mean of its moments over batches of plain images.

    Args:
        model: in any mode, which it keeps.
        faces: the training split.
        n: how many of its images, taken at even steps.
        spec: the network's input.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    modes = [(module, module.training) for module in model.modules()]
    momenta = [norm.momentum for norm in norms]
    device = next(model.parameters()).device
    images = faces.images[:: max(1, len(faces) // n)][:n]
    batches = np.array_split(images, -(-len(images) // _LARGEST_BATCH))  # even ones: a batch of one has no variance
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    for batch in batches:
        model(to_batch(batch, spec, device).expand(-1, spec.channels, -1, -1))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    for module, training in modes:
        module.training = training
