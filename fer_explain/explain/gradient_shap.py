"""GradientShap (Lundberg and Lee 2017, arXiv:1705.07874; expected gradients: Erion et al. 2021, arXiv:1906.10670)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from fer_explain.explain.base import Case, Passes
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import BACKWARD, PixelExplainer, draw, gradient_method, noise_option, seed_option
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class GradientShap(PixelExplainer):
    """The mean of gradient times difference at random points between plain pictures and the noisy face (Erion, eq. 3).

    The same estimate as captum's ``GradientShap``, whose gradients these are, but from a generator of its own.

    Upstream defect, https://github.com/meta-pytorch/captum/issues/742: captum draws from the random numbers that all
    threads share. Test: test_gradient_shap_draws_from_the_random_numbers_of_all_threads.
    """

    name = "gradient_shap"
    title = "GradientShap"
    description = "How much each pixel adds or takes, averaged over many plain pictures the face could start from."
    signed: ClassVar[bool] = True

    samples: int = option(32, "Random points between a plain picture and the face.", low=8, high=256, step=8)
    noise: float = noise_option(0.1)
    seed: int = seed_option()

    def _total(self, case: Case) -> int:
        return -(-self.samples // BACKWARD)

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        from captum.attr import Saliency

        generator = torch.Generator().manual_seed(self.seed + 1)
        brightness, way = torch.rand(2, self.samples, 1, 1, 1, generator=generator).to(face)
        span = face.max() - face.min()
        plain = face.min() + span * brightness  # as bright as some place of the face
        differences = face + self.noise * span * draw(self.seed, self.samples, face) - plain
        points = plain + way * differences
        method = gradient_method(Saliency, passes)
        total = torch.zeros_like(face[0, 0])
        for some, difference in zip(torch.split(points, BACKWARD), torch.split(differences, BACKWARD), strict=True):
            gradient = method.attribute(some.clone().requires_grad_(), target=target, abs=False)
            total += (gradient * difference).sum((0, 1))
        return total / self.samples
