"""Ablation of facial regions: feature ablation with the parts of a face as features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from fer_explain.explain.base import Case, Passes
from fer_explain.explain.parameters import option
from fer_explain.explain.pixels import FORWARD, HIDDEN, PixelExplainer, hidden
from fer_explain.explain.registry import register
from fer_explain.faces.regions import REGIONS, face_regions
from fer_explain.types import Box, Face


@register
@dataclass(frozen=True)
class RegionAblation(PixelExplainer):
    """How far the score falls without each part of the face: brows, eyes, nose, mouth, cheeks, hair, background."""

    name = "region_ablation"
    title = "Region ablation"
    description = "How far the score falls when a whole part of the face is hidden: brows, eyes, nose, mouth, ..."
    signed: ClassVar[bool] = True
    needs_regions: ClassVar[bool] = True

    baseline: str = option("mean", "What hides: the mean colour, or the face itself, blurred.", choices=HIDDEN)

    def _total(self, case: Case) -> int:
        return 1 + -(-len(REGIONS) // FORWARD)

    def _explain_one(self, passes: Passes, face: Tensor, target: int, regions: Tensor | None) -> Tensor:
        from captum.attr import FeatureAblation

        if regions is None:
            regions = _canonical(face.shape[-1])
        drops: Tensor = FeatureAblation(passes.forward).attribute(
            face,
            baselines=hidden(face, self.baseline),
            target=target,
            feature_mask=regions[:, None].to(face.device),
            perturbations_per_eval=FORWARD,
        )
        return drops[0, 0]  # a part is hidden in all colours at once, so each holds the same


def _canonical(size: int) -> Tensor:
    """The regions (1, S, S) of a face nobody knows the landmarks of."""
    anyone = Face(np.zeros((1, 1, 3), np.uint8), Box(0, 0, 1, 1), np.eye(2, 3, dtype=np.float32))
    return torch.from_numpy(face_regions(anyone, size))[None]
