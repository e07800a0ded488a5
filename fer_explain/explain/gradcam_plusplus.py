"""Grad-CAM++ (Chattopadhyay et al. 2018, arXiv:1710.11063)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fer_explain.explain.cam import CamExplainer
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class GradCamPlusPlus(CamExplainer):
    """Feature maps weighted by their positive gradients, each place by its share (eq. 19)."""

    name = "gradcam_plusplus"
    title = "Grad-CAM++"
    description = "Like Grad-CAM, but finds several places that matter at once, such as both eyes."

    def _cam_class(self) -> Any:
        from pytorch_grad_cam import GradCAMPlusPlus

        return GradCAMPlusPlus
