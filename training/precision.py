"""What autocast gets wrong on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn


def keep_depthwise_in_float32(model: nn.Module) -> None:
    """Lets the depthwise convolutions of a network compute in float32 while autocast runs the others in bfloat16.

    Upstream defect, no issue found: oneDNN has no fast bfloat16 kernel for the gradient of a depthwise convolution
    with a stride. Test: test_depthwise_gradient_is_slow_in_bfloat16.

    With these in float32, a step of
    ``stn_se_mobilenetv1_vggface2`` (compiled, 64 faces of 112 px, one thread) takes 0.71 of the time it takes without
    autocast; without this, 1.21 of it.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1:
            module.forward = partial(_in_float32, module.forward)  # type: ignore[method-assign]


def _in_float32(forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``forward`` is the module's own: timm's ``Conv2dSame``, for one, pads in it."""
    with torch.autocast("cpu", enabled=False):
        return forward(x.float())
