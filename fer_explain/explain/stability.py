"""Does the answer hold when this very face is framed, lit or focused slightly differently?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch

from fer_explain.benchmark.disturbances import disturb
from fer_explain.faces.preprocess import resize
from fer_explain.types import Face, InputSpec, Prediction

# Ten of the suite's disturbances, each at its mildest: changes that a person hardly notices.
SMALL: Final = (
    "frame_in",
    "frame_out",
    "shift",
    "rotation",
    "dark",
    "bright",
    "uneven_light",
    "blur",
    "noise",
    "mirrored",
)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One small change: its name in the suite, the changed face, and the answer to it."""

    name: str
    face: Face
    prediction: Prediction


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """The answer to a face as it is, and to each of its changed forms."""

    prediction: Prediction
    changes: tuple[Change, ...]

    @property
    def kept(self) -> int:
        """How many of the changes leave the answer as it is."""
        return sum(change.prediction.index == self.prediction.index for change in self.changes)


def small_changes(face: Face, spec: InputSpec) -> list[Face]:
    """The face under each of :data:`SMALL`, in their order; always the same for the same pixels.

    A face larger than the network's input is reduced to it first: nothing that is changed beyond it would be seen.
    """
    pixels = face.pixels
    if pixels.shape[0] > spec.size:
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
        pixels = (resize(x, spec)[0] * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    return [replace(face, pixels=disturb(pixels[None], name, 1)[0]) for name in SMALL]


def weigh(changed: Sequence[Face], answers: Sequence[Prediction]) -> Stability:
    """Puts answers, first the one to the face as it was, then those to ``changed``, together."""
    first, *others = answers
    return Stability(first, tuple(map(Change, SMALL, changed, others)))
