"""Shapley values of soft patches (Strumbelj and Kononenko 2010; Lundberg and Lee 2017, arXiv:1705.07874)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fer_explain.explain.base import Passes
from fer_explain.explain.hiding import HUNDREDTH, HidingExplainer, hide, references, soft_patches
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import seed_option
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class Shapley(HidingExplainer):
    """What each patch adds, averaged over random orders in which the patches come into sight.

    captum's ``ShapleyValueSampling`` takes hard patches; soft ones leave no edges, which are evidence themselves. Every
    second order is the one before it, backwards: a patch that came early then comes late (antithetic sampling).
    """

    name = "shapley"
    title = "Shapley values"
    description = "What each soft patch of the face adds, whatever is in sight already; the most even-handed, and slow."

    grid: int = option(6, "Patches along one side.", low=3, high=10, step=1)
    orders: int = option(4, "Random orders to average.", low=2, high=64, step=2)
    seed: int = seed_option()

    def _rounds(self, side: int) -> list[int]:
        return [self.grid**2 + 1] * self.orders

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        patches = soft_patches(self.grid, face.shape[-1]).to(face.device)
        canvases = references(face, self.reference)
        orders = _orders(len(patches), self.orders, self.seed)
        values = torch.zeros(len(patches), dtype=torch.float64, device=face.device)
        for index, order in enumerate(orders):
            in_sight = torch.cat([torch.zeros_like(patches[:1]), patches[order].cumsum(0)]).clamp(max=1)
            images = hide(face, 1 - in_sight, canvases[index // 2 % len(canvases)])
            scores = self._scores(passes, images, target)
            values[order] += scores.diff()
        per_area = values / self.orders / (patches.mean((1, 2)).double() / HUNDREDTH)
        return torch.einsum("k,khw->hw", per_area, patches.double())


def _orders(patches: int, count: int, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    pairs = [torch.randperm(patches, generator=generator) for _ in range(-(-count // 2))]
    return [order for pair in pairs for order in (pair, pair.flip(0))][:count]
