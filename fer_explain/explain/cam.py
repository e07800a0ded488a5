"""The family of class activation maps: pytorch-grad-cam computes the map, and its one forward pass is also ours."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np
from torch import Tensor, nn

from fer_explain.explain.base import Attribution, Case, Explainer, to_heatmaps
from fer_explain.explain.layers import feature_maps, submodule
from fer_explain.explain.parameters import option
from fer_explain.explain.trace import trace
from fer_explain.types import Floats

Score = Callable[[Tensor], Tensor]  # the logits (K,) of one face -> the number that is explained


@dataclass(frozen=True)
class CamExplainer(Explainer):
    """A map made of the feature maps of one layer. A variant names pytorch-grad-cam's class in :meth:`_cam_class`.

    Prediction, spatial transformer, gates and map cost one forward and (with gradients) one backward pass, which ends
    at the layer that is read: nothing in front of it is differentiated.
    """

    needs_gradients: ClassVar[bool] = True

    layer: str | None = option(None, "Layer whose feature maps are read; empty means the network's own.", kind="layer")

    @abstractmethod
    def _cam_class(self) -> Any:
        """pytorch-grad-cam's class, imported here and not at the top: it pulls in matplotlib and scikit-learn."""

    def _rectify(self, raw: Floats) -> Floats:
        """The part of the raw maps (N, h, w) that speaks for the class (Selvaraju et al. 2017, eq. 2: ReLU)."""
        return np.maximum(raw, 0)

    def _score(self, target: int | None) -> Score:
        """What is explained about one face; None as a target means its predicted class."""
        return partial(_logit, target)

    def _attribute(self, case: Case) -> Attribution:
        layer = self.layer or case.architecture.cam_layer
        to_maps = partial(feature_maps, layer=layer, nhwc=case.architecture.cam_nhwc)
        wanted: Sequence[int | None] = case.targets or [None] * len(case.x)
        scores = [self._score(target) for target in wanted]
        with (
            case.alone(gradients=self.needs_gradients) as model,
            trace(model) as seen,
            _open_cam(self._cam_class(), model, submodule(model, layer), to_maps) as cam,
        ):
            cam(case.x, scores)
            logits: Tensor = cam.outputs.detach()
            raw: Floats = cam.raw
        heatmaps = to_heatmaps(
            self._rectify(raw),
            (case.x.shape[-2], case.x.shape[-1]),
            frame=seen.frame(layer),
            method=self.name,
            targets=case.targets or logits.argmax(dim=1).tolist(),
            layer=layer,
        )
        return Attribution(logits, seen, heatmaps)


@contextmanager
def _open_cam(
    cam_class: Any, model: nn.Module, module: nn.Module, to_maps: Callable[[Tensor], Tensor]
) -> Iterator[Any]:
    """A CAM object whose hooks live only inside the block.

    Upstream defect, https://github.com/jacobgil/pytorch-grad-cam/issues/238: its own ``with`` swallows an IndexError.
    Test: test_with_block_swallows_an_index_error.
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
    """A subclass with the map as computed in ``raw``.

    Upstream defect, https://github.com/jacobgil/pytorch-grad-cam/issues/267: every map is stretched to 0..1.
    Test: test_map_is_stretched_to_one_whatever_it_was.
    """

    class RawCam(cam_class):  # type: ignore[misc]
        def get_cam_image(self, *args: Any, **kwargs: Any) -> Any:
            self.raw = super().get_cam_image(*args, **kwargs)
            return self.raw

    return RawCam


def _logit(target: int | None, logits: Tensor) -> Tensor:
    return logits[int(logits.argmax()) if target is None else target]
