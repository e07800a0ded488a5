"""The weights of an ONNX file made small where that costs nothing: stored in eight bits, computed in float32.

A runtime unpacks them once, when it opens the file, so the answers cost no more time, and a graphics processor is never
given eight bits. Checkpoints whose weights are kept in eight bits (:mod:`fer_explain.hub.quantized`) lose nothing: the
integers and scales found here are theirs, also where a batch normalisation was folded into a kernel, since that scales
whole output channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fer_explain.types import Floats

if TYPE_CHECKING:
    from onnx import ModelProto

SMALL: Final = 32_768  # values: below, as in depthwise kernels, precision is worth more than the room
EXACT: Final = 1e-5  # of the largest weight: what rounding in float32 alone may make of eight bits
_LARGEST: Final = 127


def pack(model: ModelProto) -> ModelProto:
    """Stores each large tensor of floats in eight bits where that changes nothing; in place."""
    from onnx import helper, numpy_helper

    nodes: list[Any] = []
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALL:
            continue
        name = tensor.name
        if found := in_eight_bits(values):
            integers, scale = found
            tensor.CopyFrom(numpy_helper.from_array(integers, f"{name}.int8"))
            model.graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
            nodes.append(helper.make_node("Cast", [f"{name}.int8"], [f"{name}.whole"], to=1))
            nodes.append(helper.make_node("Mul", [f"{name}.whole", f"{name}.scale"], [name]))
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *rest])
    return model


def in_eight_bits(values: Floats) -> tuple[np.ndarray[Any, np.dtype[np.int8]], Floats] | None:
    """Integers in -127..127 and the scales whose product the values are, or None where there are none.

    The scale runs along the first or the last axis: the output channels of a kernel, or of a matrix laid on its side.
    """
    if values.ndim < 2:
        return None
    for axis in (0, values.ndim - 1):
        others = tuple(i for i in range(values.ndim) if i != axis)
        scale = np.abs(values).max(axis=others, keepdims=True) / np.float32(_LARGEST)
        steps = np.divide(values, scale, out=np.zeros_like(values), where=scale > 0)
        integers = np.rint(steps)
        if np.abs(integers * scale - values).max() <= EXACT * np.abs(values).max():
            return integers.astype(np.int8), scale.astype(np.float32)
    return None
