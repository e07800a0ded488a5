"""Occlusion with windows of two sizes and references that make sense for faces."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fer_explain.explain.base import Passes
from fer_explain.explain.hiding import FILLED, HUNDREDTH, HidingExplainer, fill_in, hide, reference_option, references
from fer_explain.explain.parameters import option
from fer_explain.explain.registry import register


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
        squares = sum(len(_starts(size, self.density, side)) ** 2 for size in self._sizes)
        return [1 + squares * (2 if self.reference in ("both", "filled-blurred") else 1)]

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        side = face.shape[-1]
        rounds = [
            (squares(size, self.density, side).to(face.device), images)
            for size in self._sizes
            for images in self._hidden(face, size)
        ]
        scores = self._scores(passes, torch.cat([face, *(images for _, images in rounds)]), target)
        drops = torch.split(scores[0] - scores[1:], [len(masks) for masks, _ in rounds])
        relevance = face.new_zeros(side, side, dtype=torch.float64)
        for (masks, _), lost in zip(rounds, drops, strict=True):
            weights = masks.double()
            mean = torch.einsum("n,nhw->hw", lost, weights) / weights.sum(0)
            relevance += mean / (weights.mean() / HUNDREDTH)
        return relevance / len(rounds)

    def _hidden(self, face: Tensor, size: float) -> list[Tensor]:
        """The face (1, C, S, S) without each square of a size (n, C, S, S), once for each reference."""
        filled = [without_squares(face, size, self.density)] if self.reference in FILLED else []
        if self.reference == "filled":
            return filled
        masks = squares(size, self.density, face.shape[-1]).to(face.device)
        pictures = references(face, "blurred" if filled else self.reference)
        return [*filled, *(hide(face, masks, picture) for picture in pictures)]


def without_squares(face: Tensor, size: float, density: float) -> Tensor:
    """The face (1, C, S, S) with one square after the other filled in from its border: (n, C, S, S)."""
    starts, width = _starts(size, density, face.shape[-1]), _width(size, face.shape[-1])
    places = [(..., slice(top, top + width), slice(left, left + width)) for top in starts for left in starts]
    images = face.repeat(len(places), 1, 1, 1)
    for image, place, patch in zip(images, places, fill_in(torch.cat([face[place] for place in places])), strict=True):
        image[place] = patch
    return images


def squares(size: float, density: float, side: int) -> Tensor:
    """Masks (n, side, side), true inside a square; together they hide every place."""
    starts, width = _starts(size, density, side), _width(size, side)
    places = torch.arange(side)
    bands = torch.stack([(places >= start) & (places < start + width) for start in starts])
    return (bands[:, None, :, None] & bands[None, :, None, :]).flatten(0, 1)


def _width(size: float, side: int) -> int:
    return max(1, round(size * side))


def _starts(size: float, density: float, side: int) -> list[int]:
    """Where the squares begin along one side, evenly from border to border."""
    width = _width(size, side)
    count = 1 + -(-(side - width) * density // width)
    return torch.linspace(0, side - width, int(count)).round().int().tolist()
