"""The feature maps that a gate weighs, in the frame they lie in."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from fer_explain.explain.base import undisturbed
from fer_explain.explain.intervene import Lend, channel_gate
from fer_explain.explain.trace import trace
from fer_explain.faces.preprocess import preprocess
from fer_explain.types import Face, Floats, Frame


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMaps:
    """What comes to a gate for one face: ``values`` (C, h, w) before they are weighed, in ``frame``."""

    layer: str
    values: Floats
    frame: Frame


def maps_of(lend: Lend, face: Face, layer: str) -> FeatureMaps:
    """:func:`gated_maps` of a network that is borrowed for the pass."""
    with lend() as (checkpoint, _):
        x = preprocess(face, checkpoint.config.input).to(next(checkpoint.model.parameters()).device)
        return gated_maps(checkpoint.model, x, layer)


def gated_maps(model: nn.Module, x: Tensor, layer: str) -> FeatureMaps:
    """The maps of all channels of one gate for one face (1, C, S, S); the network is left as it was.

    Raises:
        FerError: there is no such gate, or it weighs places.
        ValueError: more than one face.
    """
    if len(x) != 1:
        raise ValueError(f"expected one face (1, C, S, S), got {tuple(x.shape)}")
    channel_gate(model, layer)
    kept: list[Tensor] = []

    def keep(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        kept.append(inputs[0].detach().float().cpu().clone())  # a layer behind may work in place

    handle = model.get_submodule(layer).register_forward_pre_hook(keep)
    try:
        with undisturbed(model, gradients=False), trace(model) as seen:
            model(x)
    finally:
        handle.remove()
    return FeatureMaps(layer, kept[-1][0].numpy(), seen.frame(layer))
