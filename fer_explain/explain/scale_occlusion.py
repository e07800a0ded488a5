"""Occlusion with windows of two sizes and references that make sense for faces."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fer_explain.explain.base import Passes
from fer_explain.explain.hiding import FILLED, HUNDREDTH, HidingExplainer, reference_option
from fer_explain.explain.parameters import option
from fer_explain.explain.registry import register
from fer_explain.explain.squares import squares, times, without_squares


@register
@dataclass(frozen=True)
class ScaleOcclusion(HidingExplainer):
    """What is lost when a square hides a place, for small squares and for large ones (Zeiler and Fergus 2014, 4.2).

    A small square finds an eye's corner, a large one a mouth that is read as a whole. Each place gets the mean over the
    squares that hide it, per hundredth of the face that such a square covers, averaged over sizes and references.
    """

    name = "scale_occlusion"
    title = "Multi-scale occlusion"
    description = "What is lost when small and large squares hide each place."

    small: float = option(
        0.2, "Side of the small squares, as a share of the face's side.", low=0.1, high=0.5, step=0.05
    )
    large: float = option(
        0.35, "Side of the large squares; the small one's size leaves them out.", low=0.1, high=0.6, step=0.05
    )
    reference: str = reference_option(further=FILLED)
    density: float = option(2.0, "How many squares hide each place along one side.", low=1.0, high=4.0, step=0.5)

    @property
    def _sizes(self) -> list[float]:
        return sorted({self.small, self.large})

    def _rounds(self, side: int) -> list[int]:
        return [1 + times(self.reference) * sum(len(squares(size, self.density, side)) for size in self._sizes)]

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        side = face.shape[-1]
        rounds = [
            (squares(size, self.density, side).to(face.device), images)
            for size in self._sizes
            for images in without_squares(face, size, self.density, self.reference)
        ]
        scores = self._scores(passes, torch.cat([face, *(images for _, images in rounds)]), target)
        drops = torch.split(scores[0] - scores[1:], [len(masks) for masks, _ in rounds])
        relevance = face.new_zeros(side, side, dtype=torch.float64)
        for (masks, _), lost in zip(rounds, drops, strict=True):
            weights = masks.double()
            mean = torch.einsum("n,nhw->hw", lost, weights) / weights.sum(0)
            relevance += mean / (weights.mean() / HUNDREDTH)
        return relevance / len(rounds)
