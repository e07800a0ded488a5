"""EigenCAM (Muhammad and Yeasin 2020, arXiv:2008.00299)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_explain.explain.cam import CamExplainer
from fer_explain.explain.registry import register
from fer_explain.types import Floats


@register
@dataclass(frozen=True)
class EigenCam(CamExplainer):
    """The first principal component of the feature maps; the same for every class."""

    name = "eigencam"
    title = "EigenCAM"
    description = "What the last feature maps respond to most, whatever the emotion; needs no gradient."
    needs_gradients = False

    def _cam_class(self) -> Any:
        from pytorch_grad_cam import EigenCAM

        return EigenCAM

    def _rectify(self, raw: Floats) -> Floats:
        # A principal component has no sign of its own; the side that stands out more is taken as the object.
        reversed_ = -raw.min(axis=(1, 2)) > raw.max(axis=(1, 2))
        return super()._rectify(np.where(reversed_[:, None, None], -raw, raw))
