"""RISE (Petsiuk et al. 2018, arXiv:1806.07421)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_explain.explain.base import Passes
from fer_explain.explain.hiding import HUNDREDTH, HidingExplainer, hide, reference_option, references
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import seed_option
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class Rise(HidingExplainer):
    """How much better the class does with a place in sight than without, over random masks (eq. 6).

    Masks are small random grids, enlarged and shifted (sec. 3.2). Each comes with its opposite, and the mean over all
    masks is subtracted: both halve the noise of few masks and leave the expectation as it is.
    """

    name = "rise"
    title = "RISE"
    description = "Shows the network the face through random masks and sees which places help; needs no gradient."

    masks: int = option(120, "Random masks, in pairs of opposites.", low=20, high=2000, step=20)
    grid: int = option(7, "Cells of a mask along one side.", low=3, high=14, step=1)
    seed: int = seed_option()
    reference: str = reference_option("blurred")

    def _rounds(self, side: int) -> list[int]:
        return [2 * (self.masks // 2)]

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        seen = random_masks(self.masks // 2, self.grid, face.shape[-1], self.seed).to(face.device)
        seen = torch.stack([seen, 1 - seen], dim=1).flatten(0, 1)
        canvases = references(face, self.reference)
        # A mask and its opposite share a reference, so that what differs between them is the places alone.
        which = (torch.arange(len(seen)) // 2 % len(canvases)).tolist()
        images = torch.cat([hide(face, 1 - mask[None], canvases[i]) for mask, i in zip(seen, which, strict=True)])
        scores = self._scores(passes, images, target)
        weights = seen.double()
        centred = weights - weights.mean(0)
        # The slope of the score on "in sight": the loss when the place alone goes, for a cell of the grid.
        slope = torch.einsum("n,nhw->hw", scores, centred) / (centred**2).sum(0).clamp(min=1e-9)
        return slope * self.grid**2 * HUNDREDTH


def random_masks(count: int, grid: int, side: int, seed: int) -> Tensor:
    """Smooth masks (count, side, side) in 0..1, each a random grid, enlarged and randomly shifted."""
    generator = torch.Generator().manual_seed(seed)
    cell = -(-side // grid)
    coarse = (torch.rand(count, 1, grid + 1, grid + 1, generator=generator) < 0.5).float()
    fine = F.interpolate(coarse, ((grid + 1) * cell,) * 2, mode="bilinear", align_corners=False)[:, 0]
    shifts = torch.randint(0, cell, (count, 2), generator=generator).tolist()
    return torch.stack([mask[y : y + side, x : x + side] for mask, (y, x) in zip(fine, shifts, strict=True)])
