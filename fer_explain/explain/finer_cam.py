"""Finer-CAM (Zhang et al. 2025, arXiv:2501.11309)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fer_explain.errors import FerError
from fer_explain.explain.cam import CamExplainer, Score
from fer_explain.explain.parameters import option
from fer_explain.explain.registry import register

_ITSELF = "A class cannot be told apart from itself: choose another one in 'against'."


@register
@dataclass(frozen=True)
class FinerCam(CamExplainer):
    """Grad-CAM of the difference between the class's score and that of the classes it is mistaken for (eq. 4 and 5)."""

    name = "finer_cam"
    title = "Finer-CAM"
    description = "Why this emotion and not another: where the face tells the two apart."

    against: tuple[int, ...] = option(
        (), "The classes it is told apart from; none means the strongest other one.", kind="classes"
    )
    strength: float = option(1.0, "How much of the other classes' score is taken off.", low=0.0, high=1.0, step=0.1)

    def _cam_class(self) -> Any:
        from pytorch_grad_cam import GradCAM

        return GradCAM

    def _score(self, target: int | None) -> Score:
        from pytorch_grad_cam.utils.model_targets import FinerWeightedTarget

        if target in self.against:
            raise FerError(_ITSELF)

        def difference(logits: Tensor) -> Tensor:
            ranked = logits.argsort(descending=True).tolist()
            main = ranked[0] if target is None else target
            others = self.against or next((one,) for one in ranked if one != main)
            if main in others:
                raise FerError(_ITSELF)
            if max(others) >= len(logits):
                raise FerError(f"'against' must hold classes from 0 to {len(logits) - 1}, got {max(others)}.")
            weighted: Tensor = FinerWeightedTarget(main, list(others), self.strength)(logits)
            return weighted

        return difference
