"""A network whose outputs are all that one pass tells about one face, the Grad-CAM map included.

The map needs the gradient of a class's logit by the feature maps it reads (Selvaraju et al. 2017, eq. 1). What lies
behind those maps is differentiated here, once, and the operations of that gradient stand in the exported graph like any
others. No runtime has to know how to differentiate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._decomp import core_aten_decompositions
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from fer_explain.explain.layers import feature_maps, submodule
from fer_explain.explain.trace import Trace, trace
from fer_explain.models.registry import Architecture

PREDICTED = -1  # as a target: the class with the largest logit

Outputs = dict[str, Tensor]


def tell(model: nn.Module, architecture: Architecture, x: Tensor, target: Tensor) -> Outputs:
    """What one pass tells: the outputs of the exported file, by name.

    Args:
        model: in evaluation mode.
        architecture: its registry entry, which names the layer that the map reads.
        x: one face (1, C, S, S).
        target: int64 (1,), the class that the map explains, or :data:`PREDICTED`.

    Returns:
        ``logits`` (1, K); behind a spatial transformer ``theta`` (1, 2, 3) and ``aligned`` (1, C, S, S); ``gate.LAYER``
        (1, C) for each channel gate and ``places.LAYER`` (1, h, w) for each spatial one; ``features`` (1, C, h, w);
        ``heatmap`` (1, S, S) in 0..1 and its raw largest value ``scale`` (1,).
    """
    layer, kept = architecture.cam_layer, []

    def start_graph(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1].clone()

    handle = submodule(model, layer).register_forward_hook(start_graph)
    try:
        with trace(model) as seen:
            logits = model(x)
    finally:
        handle.remove()
    chosen = torch.where(target < 0, logits.detach().argmax(1), target)
    wanted = torch.arange(logits.shape[1]) == chosen[:, None]
    (gradient,) = torch.autograd.grad((logits * wanted).sum(), kept[-1])
    to_maps = partial(feature_maps, layer=layer, nhwc=architecture.cam_nhwc)
    maps = to_maps(kept[-1].detach())
    return _seen(logits, seen) | {"features": maps} | _heat_map(maps, to_maps(gradient), x.shape[-1])


def tell_without_map(model: nn.Module, _architecture: Architecture, x: Tensor, target: Tensor) -> Outputs:
    """As :func:`tell`, without features and map: for a network whose gradient has no form that ONNX knows."""
    with trace(model) as seen:
        logits = model(x)
    return _seen(logits + 0 * target, seen)  # the file keeps its second input


def flatten(
    model: nn.Module, architecture: Architecture, example: Tensor, told: Callable[..., Outputs] = tell
) -> tuple[GraphModule, list[str]]:
    """``told`` as a graph of plain operations with the weights inside, for one face; and the outputs' names."""
    target = torch.tensor([PREDICTED])
    with torch.enable_grad():
        names = list(told(model, architecture, example, target))
        forward: Callable[[Tensor, Tensor], tuple[Tensor, ...]] = lambda x, target: tuple(  # noqa: E731
            value.clone() for value in told(model, architecture, x, target).values()
        )
        graph = make_fx(forward, decomposition_table=_decompositions(), tracing_mode="real")(example, target)
    _drop_detached(graph)
    return graph, names


def _seen(logits: Tensor, seen: Trace) -> Outputs:
    told = {"logits": logits.detach()}
    if seen.theta is not None and seen.warped is not None:
        told |= {"theta": seen.theta, "aligned": seen.warped}
    told |= {f"gate.{gate.layer}": gate.values for gate in seen.channel_gates.values()}
    return told | {f"places.{gate.layer}": gate.values for gate in seen.spatial_gates.values()}


def _heat_map(maps: Tensor, gradient: Tensor, size: int) -> Outputs:
    """Grad-CAM (eq. 1 and 2) enlarged to the input, as :func:`fer_explain.explain.base.to_heatmaps` does it."""
    raw = (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
    enlarged = F.interpolate(raw, (size, size), mode="bilinear", align_corners=False)[:, 0]
    scale = enlarged.amax((1, 2))
    return {"heatmap": enlarged / torch.where(scale > 0, scale, 1.0)[:, None, None], "scale": scale}


def _decompositions() -> dict[Any, Any]:
    """PyTorch's own, and two of ours.

    Upstream defect, https://github.com/pytorch/pytorch/issues/89634: the gradients of a convolution and of a maximum
    pool have no form that ONNX knows. Test: test_gradient_has_no_form_that_onnx_knows.
    """
    aten: Any = torch.ops.aten
    table = dict(core_aten_decompositions())
    for kept in (aten.grid_sampler_2d.default, aten.upsample_bilinear2d.vec, aten.upsample_bilinear2d.default):
        table.pop(kept, None)
    table[aten.convolution_backward.default] = _convolution_backward
    table[aten.max_pool2d_with_indices_backward.default] = _max_pool_backward
    return table


def _convolution_backward(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor,
    _bias: object,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    _output_padding: list[int],
    groups: int,
    _wanted: list[bool],
) -> tuple[Tensor, None, None]:
    """The gradient by the input of a plain convolution is the transposed convolution."""
    assert not transposed, "no network has a transposed convolution behind the maps that are explained"
    reached = [
        (side - 1) * step - 2 * pad + spread * (kernel - 1) + 1
        for side, step, pad, spread, kernel in zip(
            gradient.shape[2:], stride, padding, dilation, weight.shape[2:], strict=True
        )
    ]
    rest = [side - end for side, end in zip(x.shape[2:], reached, strict=True)]
    by_input = torch.ops.aten.convolution(gradient, weight, None, stride, padding, dilation, True, rest, groups)
    return by_input, None, None


def _max_pool_backward(gradient: Tensor, x: Tensor, *options: Any) -> Tensor:
    """Each gradient goes back to the place whose value was the largest."""
    indices: Tensor = options[-1]
    flat = torch.zeros_like(x).flatten(2)
    return flat.scatter_add(2, indices.flatten(2), gradient.flatten(2)).view_as(x)


def _drop_detached(graph: GraphModule) -> None:
    """Takes out ``detach``, which means nothing without a tape."""
    for node in list(graph.graph.nodes):
        if node.op == "call_function" and node.target is torch.ops.aten.detach.default:
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
    graph.graph.eliminate_dead_code()
    graph.recompile()
