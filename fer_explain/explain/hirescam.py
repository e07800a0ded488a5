"""HiResCAM (Draelos and Carin 2020, arXiv:2011.08891)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fer_explain.explain.cam import CamExplainer
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class HiResCam(CamExplainer):
    """Feature maps times their gradient, place by place, summed over channels."""

    name = "hirescam"
    title = "HiResCAM"
    description = "Like Grad-CAM without averaging the gradient, so that it shows only places the score really used."

    def _cam_class(self) -> Any:
        from pytorch_grad_cam import HiResCAM

        return HiResCAM
