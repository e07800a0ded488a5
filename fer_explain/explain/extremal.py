"""Extremal perturbations (Fong et al. 2019, arXiv:1910.08485), for all areas in one map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_explain.explain.base import Case, Passes
from fer_explain.explain.hiding import FILLED, HUNDREDTH, HidingExplainer, hide, reference_option, references
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import draw, noise_option
from fer_explain.explain.registry import register
from fer_explain.explain.squares import squares, times, without_squares

DENSITY: Final = 1.5  # squares that hide each place along one side
SPREAD: Final = 0.4  # of the window: so much smaller and larger are the first squares of several samples
REACH: Final = 0.1  # of the face's side: over so much the first guess is smooth
NOISE: Final = 0.3  # variance of what the first guess leaves unexplained, over that of a square's loss
SOFT: Final = 0.5  # width of a mask's edge, in standard deviations of the map
RATE: Final = 0.35  # standard deviation of a step, in that of the first guess
AREAS: Final = (0.03, 0.97)  # of the face: smaller and larger masks hide or show next to nothing
TINY: Final = 1e-6  # a map that is flatter is a blank
NOTHING: Final = 1e-12  # a slope that is smaller says nothing
GOLDEN: Final = (math.sqrt(5) - 1) / 2  # its multiples spread evenly, so that every step asks about other areas


@register
@dataclass(frozen=True)
class ExtremalPerturbation(HidingExplainer):
    """The order of places in which a face, shown, gains the class most and, hidden, loses it most.

    Fong et al. search one mask for each area (sec. 3.1, eq. 2). Here the masks of all areas are level sets of a single
    map, so that larger ones contain smaller ones; it is moved by gradient to keep the class where only the mask is
    seen and to lose it where the mask is hidden (both aims: Dabkowski and Gal 2017, arXiv:1705.07857, eq. 2).

    The search starts from a linear model of what is lost under squares, with a smooth prior (Gaussian process
    regression, Rasmussen and Williams 2006, eq. 2.25). From a blank it finds the places, too, but not how much they
    count. In the end the map's scale and level are fitted to the same squares, which gives it the family's unit.

    Several ``samples`` are for a network that answers otherwise as soon as there is noise. Every picture is asked about
    under noise, each sample has first squares of another size, and every step asks about so many noisy copies, whose
    mean counts (SmoothGrad, Smilkov et al. 2017, arXiv:1706.03825, sec. 2).
    """

    name = "extremal_perturbation"
    title = "Extremal perturbations"
    description = "Searches the places that keep the class when they alone are seen, and lose it when they are hidden."

    window: float = option(
        0.3, "Side of the first squares, as a share of the face's side.", low=0.15, high=0.5, step=0.05
    )
    rounds: int = option(4, "Steps of the search; 0 leaves the first guess.", low=0, high=40, step=1)
    areas: int = option(3, "Areas that each step looks at.", low=2, high=4, step=1)
    grid: int = option(12, "Cells along one side.", low=6, high=24, step=1)
    samples: int = option(
        1, "How often it asks, under noise and with other squares; 1 = no noise.", low=1, high=16, step=1
    )
    noise: float = noise_option(0.02)
    reference: str = reference_option("blurred", further=FILLED)

    def _rounds(self, side: int) -> list[int]:
        return [1 + times(self.reference) * len(squares(window, DENSITY, side)) for window in self._windows()]

    def _total(self, case: Case) -> int:
        return super()._total(case) + self.samples * self.rounds

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        told = [self._hide(passes, face, target, sample) for sample in range(self.samples)]
        whole = torch.stack([scores[0] for _, scores in told]).mean()
        shares = torch.cat([shares for shares, _ in told])
        lost = whole - torch.cat([scores[1:] for _, scores in told])
        found = self._search(passes, face, target, _first_guess(shares, lost, self.grid))
        return _enlarged(_in_units(found, shares, lost), face.shape[-1])[0, 0]

    def _hide(self, passes: Passes, face: Tensor, target: int, sample: int) -> tuple[Tensor, Tensor]:
        """What squares of one size hide (n, cells), and the scores (1 + n,) of the face and of it without each."""
        window = self._windows()[sample]
        hidden = without_squares(face, window, DENSITY, self.reference)
        masks = squares(window, DENSITY, face.shape[-1]).to(face.device).repeat(len(hidden), 1, 1)
        scores = self._scores(passes, self._noisy(torch.cat([face, *hidden]), sample), target)
        return _shares(masks, self.grid), scores

    def _windows(self) -> list[float]:
        """The side of each sample's squares: among several they differ, so that no place's edge is always the same."""
        if self.samples == 1:
            return [self.window]
        steps = torch.linspace(1 - SPREAD, 1 + SPREAD, self.samples)
        return [self.window * step for step in steps.tolist()]

    def _search(self, passes: Passes, face: Tensor, target: int, start: Tensor) -> Tensor:
        """The map (1, 1, G, G), moved from ``start`` by gradient, in standard deviations of that.

        All cells share one step size: with Adam, which moves each cell as far as the others, maps follow the noise
        where the gradient says nothing, and fail the receipt's test with noisy copies.
        """
        found = ((start - start.mean()) / start.std().clamp(min=TINY)).to(face)
        pictures = references(face, "both")
        for step in range(self.rounds):
            found.requires_grad_()
            uphill = torch.zeros_like(found)
            for sample in range(self.samples):
                with passes.turn(gradients=True) as model:
                    seen = self._level_sets(_enlarged(found, face.shape[-1]), step)
                    asked = torch.cat([hide(face, 1 - seen, pictures[0]), hide(face, seen, pictures[step % 2])])
                    asked = self._noisy(asked, (step + 1) * self.samples + sample)
                    kept, left = model(asked).softmax(1)[:, target].split(self.areas)
                    uphill += torch.autograd.grad(kept.mean() - left.mean(), found)[0]
            found = found.detach() + RATE * uphill / uphill.std().clamp(min=NOTHING)
        return found.double()

    def _noisy(self, images: Tensor, seed: int) -> Tensor:
        """Faces (n, C, S, S), each under noise of its own, which is the same for the same seed."""
        if self.samples == 1:
            return images
        seen = images.detach()
        return images + self.noise * (seen.max() - seen.min()) * draw(seed, len(seen), seen)

    def _level_sets(self, relevance: Tensor, step: int) -> Tensor:
        """Soft masks (A, S, S) of the most relevant places of a map (1, 1, S, S), of another size at each step."""
        offset = (0.5 + step * GOLDEN) % 1
        areas = ((torch.arange(self.areas) + offset) / self.areas).clamp(*AREAS).to(relevance)
        levels = relevance.detach().quantile(1 - areas).view(-1, 1, 1)
        return ((relevance[0] - levels) / (SOFT * relevance.detach().std().clamp(min=TINY))).sigmoid()


def _shares(masks: Tensor, grid: int) -> Tensor:
    """Which share of the face a mask (n, S, S) hides in each cell, in hundredths: (n, grid * grid), double."""
    cells: Tensor = F.adaptive_avg_pool2d(masks[:, None].double(), grid).flatten(1)
    return cells / cells.shape[1] / HUNDREDTH


def _first_guess(shares: Tensor, lost: Tensor, grid: int) -> Tensor:
    """The likeliest smooth map (1, 1, grid, grid) whose sums over masks, ``shares`` (n, cells), are ``lost`` (n,)."""
    line = (torch.arange(grid, dtype=torch.float64, device=shares.device) + 0.5) / grid
    places = torch.cartesian_prod(line, line)
    prior: Tensor = (-torch.cdist(places, places).square() / (2 * REACH**2)).exp()
    explained = shares @ prior @ shares.T
    unexplained = NOISE * explained.diagonal().mean() * torch.eye(len(lost)).to(lost)
    weights: Tensor = torch.linalg.solve(explained + unexplained, lost)
    likeliest: Tensor = prior @ shares.T @ weights
    return likeliest.view(1, 1, grid, grid)


def _in_units(found: Tensor, shares: Tensor, lost: Tensor) -> Tensor:
    """The map (1, 1, G, G), stretched and raised so that its sums over masks come nearest to what was lost."""
    sums = torch.stack([shares @ found.flatten(), shares.sum(1)], dim=1)
    solution: Tensor = torch.linalg.lstsq(sums, lost).solution
    return found * solution[0].clamp(min=0) + solution[1]


def _enlarged(cells: Tensor, side: int) -> Tensor:
    enlarged: Tensor = F.interpolate(cells, (side, side), mode="bicubic", align_corners=False)
    return enlarged
