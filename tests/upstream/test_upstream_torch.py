"""What PyTorch does wrong, shown with it alone. A test here fails once it has been mended."""

import time

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx


def gradients(layer: nn.Module, x: Tensor) -> set[str]:
    """The operations of a graph that holds the gradient of a layer by its input."""

    def gradient(x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        return torch.autograd.grad(layer(x).square().sum(), x)[0]

    with torch.enable_grad():
        graph = make_fx(gradient, decomposition_table=core_aten_decompositions())(x)
    return {str(node.target) for node in graph.graph.nodes}


@pytest.mark.parametrize(
    ("layer", "operation"),
    [
        (nn.Conv2d(1, 1, 3), "aten.convolution_backward.default"),
        (nn.MaxPool2d(2), "aten.max_pool2d_with_indices_backward.default"),
    ],
)
def test_gradient_has_no_form_that_onnx_knows(layer: nn.Module, operation: str) -> None:
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    known = {str(target) for target in ONNXRegistry.from_torchlib().functions}
    assert operation in gradients(layer.requires_grad_(False), torch.rand(1, 1, 8, 8)) - known, (
        f"{operation} can be exported: its own form in fer_explain/export/network.py can go."
    )


def test_depthwise_gradient_is_slow_in_bfloat16() -> None:
    layer = nn.Conv2d(128, 128, 3, stride=2, padding=1, groups=128, bias=False)
    x = torch.rand(8, 128, 14, 14, requires_grad=True)

    def seconds(*, mixed: bool) -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            y = layer(x)
        began = time.perf_counter()
        y.sum().backward()
        return time.perf_counter() - began

    pairs = [(seconds(mixed=True), seconds(mixed=False)) for _ in range(6)]
    slow, quick = np.median(np.array(pairs[1:]), axis=0)
    assert slow > 2 * quick, "bfloat16 is quick for depthwise convolutions: training/precision.py can go."
