"""Two maps that fail in different ways, mixed (Rieger and Hansen 2020, arXiv:1903.00519) as suits the face best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from fer_explain.explain.base import Passes
from fer_explain.explain.hiding import HidingExplainer, blur
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import seed_option
from fer_explain.explain.registry import register
from fer_explain.explain.scale_occlusion import ScaleOcclusion
from fer_explain.explain.shapley import Shapley

MIXES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)  # share of the Shapley values
SHOWN: Final = (1 / 8, 1 / 4, 3 / 8, 1 / 2)  # of the face, the most relevant places of a mix first


@register
@dataclass(frozen=True)
class Aggregate(HidingExplainer):
    """A mix of a map by hidden squares and one by Shapley values, which have the same unit.

    A hidden square tells what the rest of the face cannot make up for, and misses what is there twice, such as the
    second eye. Shapley values see that, but with few orders they are noisy. Of five mixes the face gets the one whose
    brightest places matter most: showing them alone brings the class up most, and taking them away brings it down most
    (insertion and deletion, Petsiuk et al. 2018, 3.3). A receipt's first check asks for the same, in finer steps and
    against rivals; its other checks ask for something else.
    """

    name = "aggregate"
    title = "Occlusion and Shapley values"
    description = "Hides one square at a time and shows patches in random orders, and mixes the two maps."

    window: float = option(0.25, "Side of the squares, as a share of the face's side.", low=0.1, high=0.5, step=0.05)
    grid: int = option(5, "Patches along one side.", low=3, high=10, step=1)
    orders: int = option(4, "Random orders to average.", low=2, high=64, step=2)
    seed: int = seed_option()

    @property
    def _squares(self) -> ScaleOcclusion:
        return ScaleOcclusion(small=self.window, large=self.window, reference="filled", measure=self.measure)

    @property
    def _patches(self) -> Shapley:
        return Shapley(
            grid=self.grid, orders=self.orders, seed=self.seed, reference=self.reference, measure=self.measure
        )

    def _rounds(self, side: int) -> list[int]:
        return [*self._squares._rounds(side), *self._patches._rounds(side), *[2 * len(SHOWN)] * len(MIXES)]

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        hidden, shown = (part._explain_one(passes, face, target, regions) for part in (self._squares, self._patches))
        mixes = [(1 - share) * hidden + share * shown for share in MIXES]
        return max(mixes, key=lambda mix: _gain(passes, face, mix, target))


def _gain(passes: Passes, face: Tensor, relevance: Tensor, target: int) -> float:
    """How much more probable the class is with the most relevant places alone than without them; on average."""
    places = relevance.flatten().argsort(descending=True).argsort().view_as(relevance) / relevance.numel()
    blurred, mean = blur(face), face.mean((2, 3), keepdim=True)
    first = [places < share for share in SHOWN]
    images = torch.cat(
        [torch.where(some, face, blurred) for some in first] + [torch.where(some, mean, face) for some in first]
    )
    alone, without = passes.forward(images).double().softmax(1)[:, target].chunk(2)
    return float((alone - without).mean())
