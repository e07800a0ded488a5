"""Weights in eight bits: half the size of half precision, computed in float32 like all others.

Symmetric per-channel quantisation (Jacob et al. 2018, section 2.1, with zero point 0; Krishnamoorthi 2018, section
3.1.2 for the channels): a weight w of output channel c is stored as the integer q = round(w / s_c) in -127..127, where
s_c = max |w_c| / 127. Beside the int8 tensor ``name`` lies ``name.scale``, float32 (C,).
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

import torch
from torch import Tensor

from fer_explain.errors import FerError

SCALE: Final = ".scale"
_LARGEST: Final = 127
_WORTHWHILE: Final = 32  # values in a channel; below, as in depthwise kernels, the scale weighs more than is won


def quantize(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices and kernels of floats as int8 with their scales; all else as it is.

    A channel of zeros gets scale 0. The values differ from the given ones by s_c / 2 at most.

    Args:
        weights: a state dict; the first dimension of a weight is its output channels.
    """
    stored: dict[str, Tensor] = {}
    for name, value in weights.items():
        if not value.is_floating_point() or value.ndim < 2 or value[0].numel() < _WORTHWHILE:
            stored[name] = value
            continue
        scale = value.float().flatten(1).abs().amax(1) / _LARGEST
        steps = value.float() / _spread(scale.clamp(min=torch.finfo(torch.float32).tiny), value)
        stored[name] = steps.round().clamp(-_LARGEST, _LARGEST).to(torch.int8)
        stored[name + SCALE] = scale
    return stored


def dequantize(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """What :func:`quantize` was given, in float32 where it was quantised.

    Raises:
        FerError: an int8 tensor has no scale, or not one value for each of its output channels.
    """
    weights = {name: value for name, value in stored.items() if not is_scale(name, stored)}
    for name, value in weights.items():
        scale = stored.get(name + SCALE)
        if scale is None and value.dtype != torch.int8:
            continue
        if scale is None or value.ndim < 2 or scale.shape != value.shape[:1]:
            raise FerError(f"'{name + SCALE}' should have one value for each of the {len(value)} channels of '{name}'.")
        weights[name] = value.float() * _spread(scale.float(), value)
    return weights


def is_quantized(names: Iterable[str]) -> bool:
    """Whether tensors of these names hold eight-bit weights."""
    known = set(names)
    return any(is_scale(name, known) for name in known)


def is_scale(name: str, names: Container[str]) -> bool:
    """Whether a tensor is the scale of another one of these names."""
    return name.endswith(SCALE) and name.removesuffix(SCALE) in names


def _spread(scale: Tensor, value: Tensor) -> Tensor:
    return scale.view(-1, *[1] * (value.ndim - 1))
