"""Infidelity (Yeh et al. 2019, arXiv:1901.09392, definition 2.1), by captum."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from fer_explain.explain.faithfulness.baselines import Doubles, Rivals
from fer_explain.explain.faithfulness.curves import compare
from fer_explain.explain.faithfulness.probe import Probe
from fer_explain.explain.faithfulness.result import Check
from fer_explain.explain.hiding import blur

SQUARES: Final = 32
SIDES: Final = (1 / 6, 1 / 3)  # of the face's side: an eye, a mouth

RULE: Final = (
    "The share of the score's changes under random squares that the map's sums over these squares leave unexplained "
    "is smaller than for each of the random maps and for the Gaussian at the centre."
)


def questions() -> int:
    """How many images are asked about."""
    return SQUARES + 1


def check_infidelity(probe: Probe, x: Tensor, maps: Rivals, rng: np.random.Generator) -> Check:
    """Compares the map's sum over a square with what blurring that square does to the log-odds of the class.

    The perturbations are squares (sec. 3, "square removal"). A map, of whatever method, is taken as an attribution of
    the *presence* of each pixel: the input that captum varies is a mask of ones over the crop, and a place where it
    is 0 shows the blurred face. So maps in any unit can be judged; captum scales each to fit best
    (``normalize=True``), and what remains is divided by the mean squared change: 0 = all explained, 1 = nothing.

    Rule: value < that of each random map, and < that of the centre Gaussian.

    Args:
        probe: asks the network.
        x: (1, C, S, S).
        maps: the map and its rivals.
        rng: places the squares.
    """
    squares = _squares(x.shape[-1], rng)
    canvas = blur(x)
    images = torch.where(squares[:, None].to(x.device), canvas, x)
    answers = probe.log_odds(torch.cat([x, images]))
    drops = answers[0] - answers[1:]
    return compare("infidelity", _unexplained(maps.maps, squares, drops), maps, RULE, higher_is_better=False)


def _unexplained(maps: Doubles, squares: Tensor, drops: Doubles) -> Doubles:
    """Normalised infidelity (n,) of maps (n, S, S) to the drops (m,) under squares (m, S, S), over the mean square."""
    from captum.metrics import infidelity  # captum takes a second to import

    removed, power = squares.double(), float((drops**2).mean())
    if not power:
        return np.ones(len(maps))
    answers = torch.from_numpy(np.append(0.0, -drops))

    def remove(masks: Tensor) -> tuple[Tensor, Tensor]:
        taken = removed.repeat(len(maps), 1, 1)
        return taken, masks - taken

    def score(masks: Tensor) -> Tensor:
        # The network was asked before, once for all maps. captum wants one answer per map for the whole face, then one
        # per map and square.
        return answers[:1].repeat(len(maps)) if len(masks) == len(maps) else answers[1:].repeat(len(maps))

    relevance = torch.from_numpy(maps)
    left = infidelity(
        score, remove, torch.ones_like(relevance), relevance, n_perturb_samples=len(removed), normalize=True
    )
    unexplained: Doubles = left.nan_to_num(power).numpy() / power  # an empty map has no scale that fits
    return unexplained


def _squares(side: int, rng: np.random.Generator) -> Tensor:
    """Masks (SQUARES, S, S), true inside a square that lies within the face."""
    masks = torch.zeros(SQUARES, side, side, dtype=torch.bool)
    for mask in masks:
        width = round(side * rng.uniform(*SIDES))
        top, left = rng.integers(0, side - width + 1, 2)
        mask[top : top + width, left : left + width] = True
    return masks
