"""Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fer_explain.explain.cam import CamExplainer
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class GradCam(CamExplainer):
    """Feature maps weighted by the mean of their gradient (eq. 1), summed and rectified (eq. 2)."""

    name = "gradcam"
    title = "Grad-CAM"
    description = "Where the last feature maps that raise this emotion's score are active."

    def _cam_class(self) -> Any:
        from pytorch_grad_cam import GradCAM

        return GradCAM
