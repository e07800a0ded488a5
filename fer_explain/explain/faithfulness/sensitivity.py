"""Sensitivity (Yeh et al. 2019, arXiv:1901.09392, definition 3.1), by captum."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from fer_explain.explain.faithfulness.probe import Probe
from fer_explain.explain.faithfulness.result import Check

SAMPLES: Final = 4
RADIUS: Final = 0.02  # of the face's range of values: less than the eye sees
LIMIT: Final = 0.5
CLEAR: Final = {1: 0.25, 2: 0.3}  # after so many copies, a value below this: further ones have changed no verdict

RULE: Final = "Noise of at most 2 % of the face's contrast changes the map by less than half of its own norm."


def questions() -> int:
    """How many maps are computed."""
    return SAMPLES


def check_sensitivity(
    probe: Probe, x: Tensor, own: Tensor, rng: np.random.Generator, *, verdict_only: bool = False
) -> Check:
    """The largest change of the map under small noise, relative to the map's norm.

    Maps are compared on the crop: a spatial transformer that twitches moves the map, too.

    Rule: value < ``LIMIT``. Two unrelated maps of equal norm differ by about 1.4 norms, so half a norm is well on the
    side of "the same map".

    Args:
        probe: explains changed faces.
        x: (1, C, S, S).
        own: the map of x itself (S, S).
        rng: draws the noise.
        verdict_only: no further copy once the verdict is ``CLEAR`` or lost; the value is the largest so far. On 96
            validation faces of three compact networks (extremal perturbations) this gave the verdict of all copies.
    """
    from captum.metrics import sensitivity_max  # captum takes a second to import

    radius = RADIUS * float(x.max() - x.min())

    def perturb(face: Tensor) -> Tensor:
        return face + torch.from_numpy(rng.uniform(-radius, radius, face.shape)).to(face)

    def explain(faces: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
        # captum asks for the unchanged face first, in a tuple; that map is there already.
        return (own[None],) if isinstance(faces, tuple) else torch.from_numpy(probe.maps(faces))

    value = 0.0
    for copies in range(1, SAMPLES + 1):
        value = max(value, float(sensitivity_max(explain, x, perturb, n_perturb_samples=1)))
        if verdict_only and (value >= LIMIT or value < CLEAR.get(copies, 0.0)):
            break
    return Check("sensitivity", bool(own.any()) and value < LIMIT, value, RULE, limit=LIMIT, higher_is_better=False)
