"""Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from fer_explain.explain.base import Case, Passes
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import BACKWARD, HIDDEN, SmoothedExplainer, gradient_method, hidden
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class IntegratedGradients(SmoothedExplainer):
    """The gradient, summed on the way from an empty face to this one (eq. 1); it adds up to the difference in score."""

    name = "integrated_gradients"
    title = "Integrated Gradients"
    description = "How much each pixel adds to or takes from the score on the way from an empty face to this one."
    signed: ClassVar[bool] = True

    steps: int = option(32, "Points on the way from the empty face to this one.", low=8, high=256, step=8)
    baseline: str = option("mean", "The empty face: the mean colour, or the face itself, blurred.", choices=HIDDEN)

    def _total(self, case: Case) -> int:
        return self.samples * -(-self.steps // BACKWARD)

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        from captum.attr import IntegratedGradients as Captum

        method, empty = gradient_method(Captum, passes), hidden(face, self.baseline)
        settings = {"target": target, "n_steps": self.steps, "internal_batch_size": BACKWARD}
        maps = [method.attribute(copy, empty, **settings) for copy in self._copies(face)]
        return torch.cat(maps).mean(0).sum(0)
