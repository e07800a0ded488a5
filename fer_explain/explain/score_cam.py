"""Score-CAM (Wang et al. 2020, arXiv:1910.01279)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_explain.explain.base import Attribution, Case, Explainer, Passes, to_heatmaps
from fer_explain.explain.layers import feature_maps, submodule
from fer_explain.explain.parameters import option
from fer_explain.explain.registry import register
from fer_explain.explain.trace import trace

BATCH = 16  # masked faces per pass


@register
@dataclass(frozen=True)
class ScoreCam(Explainer):
    """Feature maps weighted by the class's score when each of them alone lights the face (algorithm 1).

    pytorch-grad-cam has it, too, but masks the network's input: behind a spatial transformer the feature maps lie in
    another frame than that. Here the mask lies where the maps do, on the aligned face, and the transformer still sees
    the whole one. And here others may use the network between two passes. Of many channels only those whose maps vary
    most are asked about, as nearly flat ones mask nothing (Faster Score-CAM).
    """

    name = "score_cam"
    title = "Score-CAM"
    description = "Lights the face through each feature map in turn and sees how the score follows; needs no gradient."
    slow: ClassVar[bool] = True

    layer: str | None = option(None, "Layer whose feature maps are read; empty means the network's own.", kind="layer")
    channels: int = option(128, "How many feature maps are tried, the most varied first.", low=8, high=1024, step=8)

    def _attribute(self, case: Case) -> Attribution:
        layer = self.layer or case.architecture.cam_layer
        with case.alone(gradients=False) as model, trace(model) as seen, _kept(case, layer) as kept:
            logits: Tensor = model(case.x)
        maps, frame = kept[0], seen.frame(layer)
        targets = case.targets or logits.argmax(dim=1).tolist()
        chosen = [_most_varied(own, self.channels) for own in maps]
        passes = Passes(case, sum(-(-len(own) // BATCH) for own in chosen))
        raw = [
            _weighted(passes, case.x[i], chosen[i], target, seen.stn if frame == "warped" else None)
            for i, target in enumerate(targets)
        ]
        size = case.x.shape[-2], case.x.shape[-1]
        stacked = torch.stack(raw).cpu().numpy()
        heatmaps = to_heatmaps(stacked, size, frame=frame, method=self.name, targets=targets, layer=layer)
        return Attribution(logits, seen, heatmaps)


@contextmanager
def _kept(case: Case, layer: str) -> Iterator[list[Tensor]]:
    """The feature maps (N, C, h, w) of a layer in the pass inside the block, as the only entry of a list."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        kept[:] = [feature_maps(output, layer=layer, nhwc=case.architecture.cam_nhwc)]

    handle = submodule(case.model, layer).register_forward_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()


def _most_varied(maps: Tensor, channels: int) -> Tensor:
    """Those of the maps (C, h, w) with the largest standard deviation, in their order."""
    order = maps.flatten(1).std(1).argsort(descending=True)[:channels]
    return maps[order.sort().values]


def _masks(maps: Tensor, size: int) -> Tensor:
    """Maps (C, h, w) enlarged to (C, 1, S, S) and stretched to 0..1 (eq. 5 and 6); a flat one masks everything."""
    enlarged = F.interpolate(maps[:, None].float(), (size, size), mode="bilinear", align_corners=False)
    low, high = enlarged.amin((2, 3), keepdim=True), enlarged.amax((2, 3), keepdim=True)
    return (enlarged - low) / (high - low).clamp(min=1e-8)


def _weighted(passes: Passes, face: Tensor, maps: Tensor, target: int, transformer: str | None) -> Tensor:
    """The maps (C, h, w) of one face (C, S, S), summed by the softmax of the score behind each, where positive."""
    masks = _masks(maps, face.shape[-1])
    scores = []
    for some in torch.split(masks, BATCH):
        faces = face.expand(len(some), -1, -1, -1)
        with passes.turn(gradients=False) as model, _behind(model, transformer, some):
            scores.append(model(faces if transformer else faces * some)[:, target])
    summed: Tensor = torch.einsum("k,khw->hw", torch.cat(scores).softmax(0), maps).clamp(min=0)
    return summed


@contextmanager
def _behind(model: nn.Module, transformer: str | None, masks: Tensor) -> Iterator[None]:
    """Lays masks (N, 1, S, S) over what the spatial transformer passes on; nothing without one."""
    if transformer is None:
        yield
        return
    handle = submodule(model, transformer).register_forward_hook(lambda _module, _inputs, aligned: aligned * masks)
    try:
        yield
    finally:
        handle.remove()
