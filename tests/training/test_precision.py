"""Autocast on a CPU: the depthwise convolutions stay in float32, the others do not."""

from __future__ import annotations

import torch
from timm.layers import Conv2dSame
from torch import Tensor, nn

from training.precision import keep_depthwise_in_float32


def test_only_depthwise_convolutions_stay_in_float32() -> None:
    depthwise, pointwise = nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 8, 1)
    model = nn.Sequential(depthwise, pointwise)
    types: list[torch.dtype] = []
    for module in model:
        module.register_forward_hook(lambda _module, _inputs, output: types.append(output.dtype))
    x = torch.randn(2, 4, 6, 6)
    plain: Tensor = model(x)
    keep_depthwise_in_float32(model)
    with torch.autocast("cpu", torch.bfloat16):
        mixed: Tensor = model(x)
    assert types == [torch.float32, torch.float32, torch.float32, torch.bfloat16]
    torch.testing.assert_close(mixed.float(), plain, rtol=0.02, atol=0.02)
    mixed.float().sum().backward()
    assert depthwise.weight.grad is not None
    assert depthwise.weight.grad.dtype == torch.float32


def test_a_convolution_with_a_forward_of_its_own_keeps_it() -> None:
    model = nn.Sequential(Conv2dSame(4, 4, 3, stride=2, groups=4))  # pads its input first, as TensorFlow does
    x = torch.randn(2, 4, 7, 7)
    plain: Tensor = model(x)
    keep_depthwise_in_float32(model)
    torch.testing.assert_close(model(x), plain)
