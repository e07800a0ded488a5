"""Occlusion (Zeiler and Fergus 2014, arXiv:1311.2901)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from fer_explain.explain.base import Case, Passes
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import FORWARD, HIDDEN, PixelExplainer, hidden
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class Occlusion(PixelExplainer):
    """How far the score falls when a square slides over the face (section 4.2): the mean of the squares on a pixel."""

    name = "occlusion"
    title = "Occlusion"
    description = "How far the score falls when a small square hides each place of the face; needs no gradient."
    signed: ClassVar[bool] = True

    window: float = option(0.2, "Side of the square, as a share of the face's side.", low=0.1, high=0.5, step=0.05)
    overlap: float = option(0.5, "How much of a square its neighbour hides again.", low=0.0, high=0.75, step=0.25)
    baseline: str = option("mean", "What hides: the mean colour, or the face itself, blurred.", choices=HIDDEN)

    def _total(self, case: Case) -> int:
        side = case.x.shape[-1]
        window, stride = self._pixels(side)
        squares = (-(-(side - window) // stride) + 1) ** 2
        return 1 + -(-squares // FORWARD)

    def _pixels(self, side: int) -> tuple[int, int]:
        """Window and stride in pixels of an input of that side."""
        window = max(1, round(self.window * side))
        return window, max(1, round(window * (1 - self.overlap)))

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        from captum.attr import Occlusion as Captum

        channels, side = face.shape[1], face.shape[-1]
        window, stride = self._pixels(side)
        drops: Tensor = Captum(passes.forward).attribute(
            face,
            sliding_window_shapes=(channels, window, window),
            strides=(channels, stride, stride),
            baselines=hidden(face, self.baseline),
            target=target,
            perturbations_per_eval=FORWARD,
        )
        return drops[0, 0]  # a square hides all colours at once, so each holds the same
