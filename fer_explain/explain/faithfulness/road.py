"""ROAD, remove and debias (Rong et al. 2022, arXiv:2202.00449), with the paper's noisy linear imputation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_explain.explain.faithfulness.baselines import Doubles, Rivals
from fer_explain.explain.faithfulness.curves import compare, curve
from fer_explain.explain.faithfulness.probe import Probe
from fer_explain.explain.faithfulness.result import Check, Curve

REMOVED: Final = (0.1, 0.2, 0.3)  # shares of the face; brows, eyes and mouth together cover about a third of it
NOISE: Final = 0.01  # as in the paper's code, in units of the network's input

RULE: Final = (
    "When the most relevant 10, 20 and 30 % of the face are filled in from around them, the probability falls further "
    "on average than for each of the random maps and for the Gaussian at the centre."
)


def questions(maps: int) -> int:
    """How many images are asked about."""
    return maps * len(REMOVED)


def check_road(
    probe: Probe, x: Tensor, maps: Rivals, places: NDArray[np.intp], start: float, rng: np.random.Generator
) -> tuple[Check, dict[str, Curve]]:
    """Removes the most relevant places first and fills the hole from its surroundings.

    Other than a blank, the filling does not show the network where the hole was: the shape of the mask is no evidence
    (the paper's "debias", sec. 4).

    Rule: mean fall of the probability over ``REMOVED`` > that of each random map, and > that of the centre Gaussian.

    Args:
        probe: asks the network.
        x: (1, C, S, S).
        maps: the map and its rivals.
        places: rank (n, S, S) of each pixel, 0 = most relevant.
        start: probability of the class for the whole face.
        rng: draws the noise.
    """
    inner = probe.probabilities(_images(probe, x[0], places, rng)).reshape(len(places), len(REMOVED))
    lines: Doubles = np.pad(inner, ((0, 0), (1, 0)), constant_values=start)
    check = compare("road", start - inner.mean(axis=1), maps, RULE)
    return check, {"road": curve(maps, np.array([0, *REMOVED]), lines)}


def _images(probe: Probe, face: Tensor, places: NDArray[np.intp], rng: np.random.Generator) -> Iterator[Tensor]:
    for place in places:
        for share in REMOVED:
            probe.tick()  # an imputation takes as long as a forward pass
            yield _impute(face.cpu(), place >= share * place.size, rng).to(face.device)


def _impute(face: Tensor, kept: NDArray[np.bool_], rng: np.random.Generator) -> Tensor:
    """The face (C, S, S) where it is ``kept`` (S, S); elsewhere each pixel is the weighted mean of its neighbours.

    Upstream defect, no issue found: pytorch-grad-cam's ``NoisyLinearImputer`` solves the same equations and takes much
    longer to set them up. Test: test_road_is_slow_to_set_up. Another test holds the two together.
    """
    from scipy.sparse.linalg import spsolve

    gray = bool((face == face[:1]).all())
    pixels = (face[:1] if gray else face).flatten(1).T.double().numpy()
    holes, known = np.flatnonzero(~kept), np.flatnonzero(kept)
    rows = _differences(len(kept))[holes]
    missing = spsolve(rows[:, holes].tocsc(), -(rows[:, known] @ pixels[known]))
    pixels[holes] = missing.reshape(len(holes), -1) + rng.normal(0, NOISE, (len(holes), 1))
    filled = torch.from_numpy(pixels.T).to(face.dtype).reshape(-1, *kept.shape)
    return filled.expand_as(face)


@cache
def _differences(side: int) -> Any:
    """The sparse matrix (S * S, S * S) of a pixel's difference from its neighbours (weights 1/6, diagonally 1/12)."""
    from scipy import sparse

    line = sparse.diags_array([1.0, 2.0, 1.0], offsets=[-1, 0, 1], shape=(side, side))
    weights = sparse.kron(line, line) / 12  # a pixel's weight on itself cancels in the difference
    return (sparse.diags_array(weights.sum(axis=1)) - weights).tocsr()
