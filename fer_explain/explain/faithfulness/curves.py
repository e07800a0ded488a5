"""Insertion and deletion (Petsiuk et al. 2018, "RISE", arXiv:1806.07421, sec. 3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_explain.explain.faithfulness.baselines import Doubles, Rivals
from fer_explain.explain.faithfulness.probe import Probe
from fer_explain.explain.faithfulness.result import Check, Curve
from fer_explain.explain.hiding import blur

# Eighths of the face. Against the area under 36 steps, those under 9 and 6 err by 0.01 to 0.03 (RMS over 24 faces, two
# networks), under a fifth of the spread of the random maps' areas on one face (0.10 to 0.18): the draw decides more.
STEPS: Final = 8

RULE: Final = (
    "Area under the insertion curve minus area under the deletion curve is larger than for each of the random maps "
    "and for the Gaussian at the centre."
)


def questions(maps: int) -> int:
    """How many images are asked about."""
    return 2 * maps * (STEPS - 1) + 3


def check_curves(probe: Probe, x: Tensor, maps: Rivals, places: NDArray[np.intp]) -> tuple[Check, dict[str, Curve]]:
    """Deletes a face from its most relevant place on, and builds it up from there on a blurred face.

    A good map makes the probability fall early when deleting (small area) and rise early when inserting (large
    area). Deleted places take the face's mean value; the canvas for insertion is the face, blurred, as in the paper
    (sec. 3.3: it avoids the sharp edges a gray canvas would have, which are evidence themselves).

    Rule: insertion area - deletion area > that of each random map, and > that of the centre Gaussian. Chance alone
    beats all five random maps on one face in six.

    Args:
        probe: asks the network.
        x: (1, C, S, S).
        maps: the map and its rivals.
        places: rank (n, S, S) of each pixel, 0 = most relevant.
    """
    blank, blurred = x.mean((2, 3), keepdim=True).expand_as(x)[0], blur(x)[0]
    inner = _images(x[0], blank, blurred, torch.from_numpy(places).to(x.device))
    ends, answers = np.split(probe.probabilities(chain([x[0], blank, blurred], inner)), [3])
    deletion, insertion = answers.reshape(2, len(places), STEPS - 1)
    curves = {
        "deletion": _with_ends(deletion, ends[0], ends[1]),
        "insertion": _with_ends(insertion, ends[2], ends[0]),
    }
    shares = np.linspace(0, 1, STEPS + 1)
    gain = np.asarray(np.trapezoid(curves["insertion"] - curves["deletion"], shares))
    return compare("curves", gain, maps, RULE), {name: curve(maps, shares, lines) for name, lines in curves.items()}


def compare(name: str, values: Doubles, maps: Rivals, rule: str, *, higher_is_better: bool = True) -> Check:
    """The check that the map's value beats each of its rivals' on the same face; ``values`` (maps,)."""
    own, random, centre = maps.split(values)
    rivals = np.append(random, centre)
    better = bool((own > rivals).all() if higher_is_better else (own < rivals).all())
    passed = better and np.ptp(maps.maps[0]) > 0  # a flat map points nowhere, and wins by luck alone
    return Check(
        name, bool(passed), float(own), rule, tuple(random.tolist()), float(centre), higher_is_better=higher_is_better
    )


def curve(maps: Rivals, shares: Doubles, lines: Doubles) -> Curve:
    """The curves (maps, points) of the map and its rivals as one."""
    own, random, centre = maps.split(lines)
    return Curve(
        tuple(shares.tolist()),
        tuple(own.tolist()),
        tuple(tuple(line) for line in random.tolist()),
        tuple(centre.tolist()),
    )


def _images(face: Tensor, blank: Tensor, blurred: Tensor, places: Tensor) -> Iterator[Tensor]:
    """For each map, the face with ever more deleted; then, for each map, with ever more inserted."""
    pixels = places[0].numel()
    for canvas, inside in ((blank, False), (blurred, True)):
        for place in places:
            for step in range(1, STEPS):
                first = place < step * pixels / STEPS
                yield torch.where(first == inside, face, canvas)


def _with_ends(inner: Doubles, start: float, end: float) -> Doubles:
    return np.pad(inner, ((0, 0), (1, 1)), constant_values=((0, 0), (start, end)))
