"""ROAD, remove and debias (Rong et al. 2022, arXiv:2202.00449), with pytorch-grad-cam's noisy linear imputation."""

from __future__ import annotations

from collections.abc import Iterator
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
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer  # imports matplotlib and scikit-learn

    impute = NoisyLinearImputer(noise=0)  # ours comes from a generator of its own
    for place in places:
        for share in REMOVED:
            kept = torch.from_numpy(place >= share * place.size)
            probe.tick()  # an imputation takes as long as several forward passes
            yield _impute(impute, face.cpu(), kept, rng).to(face.device)


def _impute(impute: Any, face: Tensor, kept: Tensor, rng: np.random.Generator) -> Tensor:
    """The face (C, S, S) filled in where it is not ``kept`` (S, S)."""
    gray = bool((face == face[:1]).all())
    with torch.random.fork_rng(devices=[]):  # the library draws its noise, times 0, from the process-wide state
        filled: Tensor = impute(face[:1] if gray else face, kept.float())
    noise = torch.from_numpy(rng.normal(0, NOISE, kept.shape)).float()
    return (filled + noise * ~kept).expand_as(face)
