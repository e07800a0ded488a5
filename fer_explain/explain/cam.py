"""The family of class activation maps: pytorch-grad-cam computes the map, and its one forward pass is also ours."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from math import isqrt
from typing import Any

import numpy as np
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.explain.base import Attribution, Explainer, option, to_heatmaps
from fer_explain.explain.trace import trace
from fer_explain.models.registry import Architecture
from fer_explain.types import Floats


@dataclass(frozen=True)
class CamExplainer(Explainer):
    """A map made of the feature maps of one layer. A variant names pytorch-grad-cam's class in :meth:`_cam_class`.

    Prediction, spatial transformer, gates and map cost one forward and (with gradients) one backward pass, which ends
    at the layer that is read: nothing in front of it is differentiated.
    """

    layer: str | None = option(None, "Layer whose feature maps are read; empty means the last one with a map.")

    @abstractmethod
    def _cam_class(self) -> Any:
        """pytorch-grad-cam's class, imported here and not at the top: it pulls in matplotlib and scikit-learn."""

    def _rectify(self, raw: Floats) -> Floats:
        """The part of the raw maps (N, h, w) that speaks for the class (Selvaraju et al. 2017, eq. 2: ReLU)."""
        return np.maximum(raw, 0)

    def _attribute(
        self, model: nn.Module, architecture: Architecture, x: Tensor, targets: list[int] | None
    ) -> Attribution:
        layer = self.layer or architecture.cam_layer
        to_maps = partial(_feature_maps, layer=layer, nhwc=architecture.cam_nhwc)
        with trace(model) as seen, _open_cam(self._cam_class(), model, _submodule(model, layer), to_maps) as cam:
            cam(x, None if targets is None else [partial(_logit, target) for target in targets])
            logits: Tensor = cam.outputs.detach()
            raw: Floats = cam.raw
        heatmaps = to_heatmaps(
            self._rectify(raw),
            (x.shape[-2], x.shape[-1]),
            frame=seen.frame(layer),
            method=self.name,
            targets=targets or logits.argmax(dim=1).tolist(),
            layer=layer,
        )
        return Attribution(logits, seen, heatmaps)


@contextmanager
def _open_cam(
    cam_class: Any, model: nn.Module, module: nn.Module, to_maps: Callable[[Tensor], Tensor]
) -> Iterator[Any]:
    """A CAM object whose hooks live only inside the block.

    Its own ``with`` is not used because that swallows every IndexError.
    """
    # Registered first, so that the CAM object's hooks see the tensor that starts the graph.
    start = module.register_forward_hook(_start_graph)
    try:
        cam = _keeping_raw(cam_class)(model, [module], to_maps)
        try:
            yield cam
        finally:
            cam.activations_and_grads.release()
    finally:
        start.remove()


def _start_graph(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
    """Starts the graph at the layer's output. A clone, as a layer behind it may work in place, which a leaf forbids."""
    return output.detach().requires_grad_().clone()


@cache
def _keeping_raw(cam_class: Any) -> Any:
    """A subclass with the map as computed in ``raw``; pytorch-grad-cam itself stretches every map to 0..1."""

    class RawCam(cam_class):  # type: ignore[misc]
        def get_cam_image(self, *args: Any, **kwargs: Any) -> Any:
            self.raw = super().get_cam_image(*args, **kwargs)
            return self.raw

    return RawCam


def _logit(target: int, logits: Tensor) -> Tensor:
    return logits[target]


def _submodule(model: nn.Module, layer: str) -> nn.Module:
    try:
        return model.get_submodule(layer)
    except AttributeError:
        children = ", ".join(name for name, _ in model.named_children())
        raise FerError(f"The network has no layer '{layer}'; its layers begin with {children}.") from None


def _feature_maps(output: Tensor, *, layer: str, nhwc: bool) -> Tensor:
    """What a layer puts out (or its gradient) as maps (N, C, h, w).

    Takes (N, C, h, w), (N, h, w, C) with ``nhwc``, and tokens (N, L, C) of a square grid, whose first tokens (class,
    distillation) are left out. A copy, because a layer behind may work in place.
    """
    if output.ndim == 4:
        return (output.permute(0, 3, 1, 2) if nhwc else output).clone()
    if output.ndim == 3:
        side = isqrt(output.shape[1])
        return output[:, -side * side :].transpose(1, 2).reshape(len(output), -1, side, side).clone()
    raise FerError(f"Layer '{layer}' puts out no feature maps but a tensor of shape {tuple(output.shape)}.")
