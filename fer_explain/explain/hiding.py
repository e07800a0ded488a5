"""The family of perturbation maps: hide places of the face, ask the network again, and spread what is lost over them.

Every map of the family has one unit, so that networks can be compared by it: log-odds or probability points of the
class that are lost when a place is hidden, per hundredth of the face.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_explain.explain.base import Case, Passes
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import PixelExplainer, blurred

BATCH: Final = 10  # changed faces per pass; with more, layers outgrow what the C library keeps between two passes
HUNDREDTH: Final = 0.01  # of the face: the area a unit of the map stands for
POINTS: Final = 100  # probability points in a probability of 1

BLUR: Final = 1 / 12  # standard deviation in sides of the face: brows and mouth are gone, the head's outline stays
REFERENCES: Final = ("blurred", "mean", "both")
FILLED: Final = ("filled", "filled-blurred")  # only squares have a border to be filled in from
MEASURES: Final = ("log-odds", "probability")


def reference_option(default: str = "both", *, further: tuple[str, ...] = ()) -> Any:
    """The field ``reference``: what is seen where the face is hidden."""
    text = "What hides: the face itself, blurred, its mean colour, or each in turn."
    return option(default, text, choices=(*REFERENCES, *further))


@dataclass(frozen=True)
class HidingExplainer(PixelExplainer):
    """A map from answers to partly hidden faces. A variant implements :meth:`_explain_one`.

    In :meth:`_rounds` it says how many faces it asks about. Log-odds do not saturate where a network is sure.
    """

    signed: ClassVar[bool] = True

    reference: str = reference_option()
    measure: str = option(
        "log-odds", "What is lost: log-odds of the class, or its probability in points.", choices=MEASURES
    )

    @property
    def unit(self) -> str:
        """What is lost, per hundredth of the face: the same for the whole family."""
        return self.measure

    @abstractmethod
    def _rounds(self, side: int) -> list[int]:
        """How many faces are asked about, in each call of :meth:`_scores`."""

    def _total(self, case: Case) -> int:
        return sum(-(-faces // BATCH) for faces in self._rounds(case.x.shape[-1]))

    def _scores(self, passes: Passes, images: Tensor, target: int) -> Tensor:
        """What the class gets (n,) for faces (n, C, S, S), double: log-odds, or points of probability."""
        logits = torch.cat([passes.forward(some) for some in torch.split(images, BATCH)]).double()
        if self.measure == "probability":
            return POINTS * logits.softmax(1)[:, target]
        others = torch.cat([logits[:, :target], logits[:, target + 1 :]], dim=1)
        return logits[:, target] - others.logsumexp(1)


def references(face: Tensor, kind: str) -> list[Tensor]:
    """What a face (1, C, S, S) is replaced by where it is hidden: one picture for each reference of that kind."""
    blurred, mean = blur(face), face.mean((2, 3), keepdim=True).expand_as(face)
    return {"blurred": [blurred], "mean": [mean], "both": [blurred, mean]}[kind]


def blur(face: Tensor) -> Tensor:
    """The face (1, C, S, S) without its features."""
    sigma = BLUR * face.shape[-1]
    return blurred(face, sigma, min(round(3 * sigma), face.shape[-1] // 2 - 1))


def hide(face: Tensor, hidden: Tensor, reference: Tensor) -> Tensor:
    """The face (1, C, S, S) with ``hidden`` (n, S, S), 0 = seen to 1 = gone, replaced: (n, C, S, S)."""
    masks = hidden[:, None].to(face)
    return face + masks * (reference - face)


def fill_in(squares: Tensor) -> Tensor:
    """Squares (n, C, W, W) of a face, W of 2 or more, whose inside is blended from their own border lines.

    This is the bilinear patch of Coons (1967, "Surfaces for computer-aided design of space forms", MAC-TR-41): the
    border stays as it is, so that the hidden place has no edge, which would be evidence itself.
    """
    along = torch.linspace(0, 1, squares.shape[-1]).to(squares)
    down = along[:, None]
    top, bottom, left, right = squares[..., :1, :], squares[..., -1:, :], squares[..., :1], squares[..., -1:]
    upper = top[..., :1] + along * (top[..., -1:] - top[..., :1])
    lower = bottom[..., :1] + along * (bottom[..., -1:] - bottom[..., :1])
    rows, columns = top + down * (bottom - top), left + along * (right - left)
    return rows + columns - (upper + down * (lower - upper))


def soft_patches(grid: int, side: int) -> Tensor:
    """``grid`` x ``grid`` soft patches (grid * grid, side, side) that overlap and add up to 1 at every place."""
    single = torch.eye(grid * grid).view(grid * grid, 1, grid, grid)
    return F.interpolate(single, (side, side), mode="bilinear", align_corners=False)[:, 0]
