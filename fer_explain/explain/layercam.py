"""LayerCAM (Jiang et al. 2021, IEEE TIP 30, doi:10.1109/TIP.2021.3089943)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fer_explain.explain.cam import CamExplainer
from fer_explain.explain.registry import register


@register
@dataclass(frozen=True)
class LayerCam(CamExplainer):
    """Feature maps times the positive part of their gradient, place by place."""

    name = "layercam"
    title = "LayerCAM"
    description = "Counts every place by its own gradient; also sharp in the larger maps of earlier layers."

    def _cam_class(self) -> Any:
        from pytorch_grad_cam import LayerCAM

        return LayerCAM
