"""Saliency (Simonyan et al. 2014, arXiv:1312.6034)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fer_explain.explain.base import Case, Passes
from fer_explain.explain.pixels import SmoothedExplainer, gradient_method
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class Saliency(SmoothedExplainer):
    """The largest absolute gradient of the class's score over the colours of a pixel (section 3.1)."""

    name = "saliency"
    title = "Saliency"
    description = "Which pixels would move the score most if they changed a little, in either direction."

    def _total(self, case: Case) -> int:
        return self.samples

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        from captum.attr import Saliency as Captum

        method = gradient_method(Captum, passes)
        gradients = [
            method.attribute(copy.clone().requires_grad_(), target=target, abs=True) for copy in self._copies(face)
        ]
        return torch.cat(gradients).mean(0).amax(0)
