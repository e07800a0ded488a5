"""The mean of two maps that fail in different ways (Rieger and Hansen 2020, arXiv:1903.00519, "AGG-Mean")."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fer_explain.explain.base import Passes
from fer_explain.explain.hiding import HidingExplainer, blur
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import seed_option
from fer_explain.explain.registry import register
from fer_explain.explain.scale_occlusion import ScaleOcclusion
from fer_explain.explain.shapley import Shapley


@register
@dataclass(frozen=True)
class Aggregate(HidingExplainer):
    """The mean of a map by hidden squares and one by Shapley values, which have the same unit, smoothed.

    A hidden square tells what the rest of the face cannot make up for, and misses what is there twice, such as the
    second eye. Shapley values see that, but with few orders they are noisy. The edges of squares are no part of the
    face: smoothing takes them away.
    """

    name = "aggregate"
    title = "Occlusion and Shapley values"
    description = "The smoothed mean of two maps: hiding one square at a time, and showing patches in random orders."

    window: float = option(0.25, "Side of the squares, as a share of the face's side.", low=0.1, high=0.5, step=0.05)
    grid: int = option(5, "Patches along one side.", low=3, high=10, step=1)
    orders: int = option(4, "Random orders to average.", low=2, high=64, step=2)
    smoothing: float = option(
        0.05, "Standard deviation of the smoothing, as a share of the face's side.", low=0, high=0.2, step=0.01
    )
    seed: int = seed_option()

    @property
    def _squares(self) -> ScaleOcclusion:
        return ScaleOcclusion(small=self.window, large=self.window, reference="filled-blurred", measure=self.measure)

    @property
    def _patches(self) -> Shapley:
        return Shapley(
            grid=self.grid, orders=self.orders, seed=self.seed, reference=self.reference, measure=self.measure
        )

    def _rounds(self, side: int) -> list[int]:
        return [*self._squares._rounds(side), *self._patches._rounds(side)]

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        first, second = (part._explain_one(passes, face, target, regions) for part in (self._squares, self._patches))
        mean = (first + second) / 2
        return blur(mean[None, None], self.smoothing)[0, 0] if self.smoothing else mean
