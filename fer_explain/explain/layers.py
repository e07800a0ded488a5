"""Layers with feature maps: which there are, and their outputs as maps, whichever way a network lays them out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import isqrt

import torch
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.models.layers.gates import find_gates
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.models.registry import Architecture

SMALLEST = 2  # pixels a side: a smaller map has no places to tell apart


def submodule(model: nn.Module, layer: str) -> nn.Module:
    """The submodule at a path.

    Raises:
        FerError: there is none; the sentence says how paths begin.
    """
    try:
        return model.get_submodule(layer)
    except AttributeError:
        children = ", ".join(name for name, _ in model.named_children())
        raise FerError(f"The network has no layer '{layer}'; its layers begin with {children}.") from None


def feature_maps(output: Tensor, *, layer: str, nhwc: bool) -> Tensor:
    """What a layer puts out (or its gradient) as maps (N, C, h, w).

    Takes (N, C, h, w), (N, h, w, C) as inside a Swin transformer, and tokens (N, L, C) of a square grid, whose first
    tokens (class, distillation) are left out. As faces are square, the two equal sides tell which axis holds the
    channels; ``nhwc`` decides where there are as many channels as rows. A copy, as a layer behind may work in place.

    Raises:
        FerError: it is none of these.
    """
    if output.ndim == 4:
        _, first, middle, last = output.shape
        channels_last = nhwc if first == middle == last else first == middle
        return (output.permute(0, 3, 1, 2) if channels_last else output).clone()
    if output.ndim == 3:
        side = isqrt(output.shape[1])
        return output[:, -side * side :].transpose(1, 2).reshape(len(output), -1, side, side).clone()
    raise FerError(f"Layer '{layer}' puts out no feature maps but a tensor of shape {tuple(output.shape)}.")


def list_layers(model: nn.Module, architecture: Architecture) -> list[str]:
    """Paths of the stages and blocks whose feature maps can be explained, in the order in which they run.

    Found by one pass over a blank face. Left out are the spatial transformer, what lies inside a block or a gate, and
    maps below 2 x 2 pixels. The network must be in evaluation mode, and the caller's alone.
    """
    seen: dict[str, None] = {}
    spec = architecture.input
    candidates = {*_blocks(model), architecture.cam_layer}
    handles = [
        submodule(model, path).register_forward_hook(partial(_note, seen, path, architecture.cam_nhwc))
        for path in candidates
    ]
    try:
        with torch.no_grad():
            model(torch.zeros(1, spec.channels, spec.size, spec.size, device=next(model.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
    return list(seen)


def _note(seen: dict[str, None], path: str, nhwc: bool, _module: nn.Module, _inputs: object, output: object) -> None:
    if isinstance(output, Tensor) and output.ndim in (3, 4):
        height, width = feature_maps(output, layer=path, nhwc=nhwc).shape[-2:]
        if min(height, width) >= SMALLEST:
            seen[path] = None


def _blocks(model: nn.Module) -> Iterator[str]:
    """Paths of the modules that do a network's work one after another, without their insides."""
    gates = {id(gate) for _, gate in find_gates(model).values()}
    opened = [("", model)]
    while opened:
        prefix, parent = opened.pop(0)
        for name, child in parent.named_children():
            path = f"{prefix}{name}"
            if isinstance(child, SpatialTransformer) or id(child) in gates:
                continue
            if _holds_blocks(child, parent):
                opened.append((f"{path}.", child))
            elif isinstance(child, nn.Conv2d) or any(True for _ in child.children()):
                yield path


def _holds_blocks(module: nn.Module, parent: nn.Module) -> bool:
    """Whether a module only lines up others: a timm backbone, or a sequence of blocks that is itself in no sequence."""
    backbone = hasattr(module, "get_classifier")
    sequences = (nn.Sequential, nn.ModuleList)
    lines_up = isinstance(module, sequences) and not isinstance(parent, sequences)
    return backbone or (lines_up and any(True for child in module.children() for _ in child.children()))
