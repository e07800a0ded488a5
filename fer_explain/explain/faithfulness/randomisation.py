"""Does the map change when the network forgets? (Adebayo et al. 2018, "Sanity checks", arXiv:1810.03292, sec. 3)."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from fer_explain.explain.base import undisturbed
from fer_explain.explain.faithfulness.baselines import Doubles
from fer_explain.explain.faithfulness.probe import Probe
from fer_explain.explain.faithfulness.result import Check, Curve
from fer_explain.models.layers.stn import SpatialTransformer

STAGES: Final = 4  # quarters of the layers, from the logits down
DRAWS: Final = 3  # networks that forgot everything
LIMIT: Final = 0.5
CLEAR: Final = 0.25  # a first network below this: the other two would have to reach 0.63 on average to matter

RULE: Final = (
    "With the weights of every layer drawn anew, the map's rank correlation with the true one is below 0.5 on average "
    "over up to three such networks."
)


def questions() -> int:
    """How many maps are computed."""
    return STAGES - 1 + DRAWS


def check_randomisation(
    probe: Probe, x: Tensor, own: Doubles, rng: np.random.Generator, *, verdict_only: bool = False
) -> tuple[Check, dict[str, Curve]]:
    """Draws the weights of a copy anew, layer by layer from the logits down, and explains the same face again.

    A map that stays the same does not show what the network learned. Rank correlations of small maps scatter widely
    (nine places behind a stride of 32 at 96 px), so three networks are averaged; negative ones count as they are.

    Rule: mean Spearman correlation over ``DRAWS`` fully randomised networks < ``LIMIT``, and the true map is not flat.

    Args:
        probe: explains the face by the randomised networks.
        x: (1, C, S, S).
        own: the true map (S, S).
        rng: draws the weights.
        verdict_only: no curve, and no further network once the first is ``CLEAR`` or the verdict certain; the value is
            the mean over those that were asked. Of 288 such maps (extremal perturbations, 96 validation faces of
            three compact networks) none reached a correlation of 0.6.
    """
    forgetful = probe.copy()
    layers = _layers(forgetful)
    for_stages, for_draws = (torch.Generator().manual_seed(int(seed)) for seed in rng.integers(2**31, size=2))

    def similarity(first: int, last: int, generator: torch.Generator) -> float:
        _forget(forgetful, layers, first, last, x, generator)
        return _correlation(own, probe.maps(x, forgetful)[0])

    borders = [len(layers) * stage // STAGES for stage in range(STAGES, 0, -1)]
    line = [] if verdict_only else [similarity(first, last, for_stages) for last, first in pairwise(borders)]
    draws: list[float] = []
    while len(draws) < DRAWS and not (verdict_only and draws and _certain(draws)):
        draws.append(similarity(0, len(layers), for_draws))
    value = float(np.mean(draws))
    passed = bool(np.ptp(own) > 0) and value < LIMIT
    check = Check("randomisation", passed, value, RULE, limit=LIMIT, higher_is_better=False)
    shares = tuple(stage / STAGES for stage in range(STAGES + 1))
    return check, {} if verdict_only else {"randomisation": Curve(shares, (1.0, *line, value))}


def _certain(draws: list[float]) -> bool:
    """Whether the mean over ``DRAWS`` is below the limit: as good as surely, or whatever is still to come."""
    return draws[0] < CLEAR or (sum(draws) + DRAWS - len(draws)) / DRAWS < LIMIT


def _layers(model: nn.Module) -> list[nn.Module]:
    """The modules with weights or running statistics, first layer first, without the spatial transformer.

    That keeps its weights: otherwise the map would change by its frame alone and pass for the wrong reason.
    """
    spared = {
        id(part) for module in model.modules() if isinstance(module, SpatialTransformer) for part in module.modules()
    }
    return [
        module
        for module in model.modules()
        if id(module) not in spared and (isinstance(module, BatchNorm) or _weights(module))
    ]


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """The matrices and filters that belong to a module itself."""
    return [weight for weight in module.parameters(recurse=False) if weight.ndim > 1]


def _forget(
    model: nn.Module, layers: list[nn.Module], first: int, last: int, x: Tensor, generator: torch.Generator
) -> None:
    """Gives layers ``first`` to ``last`` - 1 random weights with the mean and spread of the learned ones.

    The batch norms behind them are fitted to what then arrives. With the statistics of the trained network they would
    let the signal die or explode, and an empty map would pass for one that changed.
    """
    with torch.no_grad():
        for layer in layers[first:last]:
            for weight in _weights(layer):
                drawn = torch.randn(weight.shape, generator=generator).to(weight.device)
                weight.copy_(weight.mean() + weight.std() * drawn)
    with ExitStack() as hooks, undisturbed(model, gradients=False):
        for layer in layers[first:]:
            if isinstance(layer, BatchNorm):
                hooks.callback(layer.register_forward_pre_hook(_fit).remove)
        model(x)


def _fit(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    """Sets the running statistics of a batch norm to those of its input (1, C, ...); of single values, the mean."""
    values = inputs[0].transpose(0, 1).flatten(1)
    assert isinstance(norm, BatchNorm)
    if norm.running_mean is not None and norm.running_var is not None:
        norm.running_mean.copy_(values.mean(1))
        if values.shape[1] > 1:
            norm.running_var.copy_(values.var(1) + norm.eps)


def _correlation(a: Doubles, b: Doubles) -> float:
    """Spearman's rank correlation of two maps; 0 where one of them is flat and so resembles nothing."""
    if not np.isfinite(b).all() or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
