"""The family of input attributions: captum asks the network about changed faces, or for its gradient at them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import torch
from torch import Tensor

from fer_explain.explain.base import Attribution, Case, Explainer, Passes, to_heatmaps
from fer_explain.explain.parameters import option
from fer_explain.explain.trace import trace

FORWARD: Final = 16  # changed faces per pass, so that a pass takes a tenth of a second and memory stays flat
BACKWARD: Final = 8  # the same with gradients, which cost about twice the time
HIDDEN: Final = ("mean", "blurred")


@dataclass(frozen=True)
class PixelExplainer(Explainer):
    """A map over the face as it was cut out, in front of any spatial transformer.

    A variant implements :meth:`_explain_one` for one face: its changed copies already fill a batch.
    """

    slow: ClassVar[bool] = True

    @abstractmethod
    def _total(self, case: Case) -> int:
        """How many passes one face takes."""

    @abstractmethod
    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        """The raw map (S, S) of one face (1, C, S, S); ``regions`` are (1, S, S)."""

    def _attribute(self, case: Case) -> Attribution:
        with case.alone(gradients=False) as model, trace(model) as seen:
            logits: Tensor = model(case.x)
        targets = case.targets or logits.argmax(dim=1).tolist()
        passes = Passes(case, self._total(case) * len(targets))
        regions = torch.split(case.regions, 1) if case.regions is not None else [None] * len(targets)
        raw = torch.stack(
            [
                self._explain_one(passes, face, target, own)
                for face, target, own in zip(torch.split(case.x, 1), targets, regions, strict=True)
            ]
        )
        size = case.x.shape[-2], case.x.shape[-1]
        heatmaps = to_heatmaps(
            raw.detach().cpu().numpy(), size, frame="crop", method=self.name, targets=targets, signed=self.signed
        )
        return Attribution(logits, seen, heatmaps)


def noise_option(default: float) -> Any:
    """The field ``noise`` of an explanation that looks at noisy copies of the face."""
    text = "Standard deviation of noise on the face, as a share of its range of brightness."
    return option(default, text, low=0, high=0.5, step=0.01)


def seed_option() -> Any:
    """The field ``seed`` of an explanation that draws random numbers."""
    text = "Start of the random numbers; the same one gives the same map."
    return option(0, text, low=0, high=9999, step=1)


@dataclass(frozen=True)
class SmoothedExplainer(PixelExplainer):
    """A gradient method that can be averaged over noisy copies of the face (SmoothGrad, Smilkov et al. 2017).

    This is captum's ``NoiseTunnel`` with noise from a generator of its own.

    Upstream defect, no issue found: captum draws the noise from the random numbers that all threads share, so that two
    people would change each other's maps. Test: test_noise_tunnel_draws_from_the_random_numbers_of_all_threads.
    """

    samples: int = option(1, "Noisy copies to average (SmoothGrad); 1 means the face as it is.", low=1, high=32, step=1)
    noise: float = noise_option(0.15)
    seed: int = seed_option()

    def _copies(self, face: Tensor) -> Iterator[Tensor]:
        """The face (1, C, S, S) itself, or noisy copies of it."""
        if self.samples == 1:
            yield face
            return
        for noise in torch.split(draw(self.seed, self.samples, face), 1):
            yield face + self.noise * (face.max() - face.min()) * noise


def draw(seed: int, samples: int, face: Tensor) -> Tensor:
    """Normal noise (samples, C, S, S) like a face (1, C, S, S); the global random state is neither read nor moved."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(samples, *face.shape[1:], generator=generator).to(face)


def gradient_method(captum_class: Any, passes: Passes) -> Any:
    """One of captum's gradient methods, whose every forward and backward pass together is a turn."""
    method = captum_class(passes.model)
    method.gradient_func = passes.gradients_of(method.gradient_func)
    return method


def hidden(face: Tensor, kind: str) -> Tensor:
    """What a face (N, C, S, S) is replaced by where it is hidden: the mean colour of the training faces, or a blur."""
    if kind == "mean":
        return torch.zeros_like(face)  # inputs are normalised by that colour
    sigma = face.shape[-1] / 8  # nothing smaller than a mouth survives
    return blurred(face, sigma, int(2 * sigma))


def blurred(x: Tensor, sigma: float, reach: int) -> Tensor:
    """Images (N, C, S, S) under a Gaussian of ``sigma`` pixels, cut off after ``reach``; borders are mirrored.

    One axis after the other: torchvision by itself weighs all neighbours in a square, and takes ten times as long.
    """
    from torchvision.transforms.v2.functional import gaussian_blur

    width = 2 * reach + 1
    soft: Tensor = gaussian_blur(gaussian_blur(x, [width, 1], [sigma, sigma]), [1, width], [sigma, sigma])
    return soft
