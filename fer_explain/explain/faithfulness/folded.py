"""A copy of a network that gives the same answers in two thirds of the time: its batch norms are folded away."""

from __future__ import annotations

import copy
from collections import OrderedDict
from contextlib import ExitStack
from typing import Final

import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fer_explain.explain.base import undisturbed

TOLERANCE: Final = 1e-3  # of a logit


def folded(model: nn.Module, x: Tensor) -> nn.Module:
    """A copy to be asked hundreds of times: each batch norm is part of the convolution before it.

    At inference a batch norm scales and shifts each channel, which the convolution can do itself (Jacob et al. 2018,
    arXiv:1712.05877, sec. 3.2, eq. 14). Modules keep their names. Weights lie with their channels last, as the
    processor's convolutions like them. Which norm follows which convolution is seen in a pass; a copy that then
    answers otherwise, as its convolution had another reader, is given up for one with its norms.

    Args:
        model: maps x to logits (N, K); it is left as it is.
        x: (N, C, S, S).
    """
    quick = copy.deepcopy(model).to(memory_format=torch.channels_last)
    with undisturbed(quick, gradients=False):
        answers, pairs = _watch(quick, x)
        for convolution, norm in pairs:
            _fold(quick, convolution, norm)
        same = torch.allclose(quick(x), answers, rtol=TOLERANCE, atol=TOLERANCE) if pairs else True
    return quick if same else copy.deepcopy(model).to(memory_format=torch.channels_last)


def _watch(model: nn.Module, x: Tensor) -> tuple[Tensor, list[tuple[str, str]]]:
    """The network's answers, and the paths of each convolution whose output, as it is, is a batch norm's input."""
    seen: dict[int, tuple[str, Tensor, int]] = {}  # the tensors as well, or another could get the same address
    pairs = []

    def convolved(path: str, output: Tensor) -> None:
        seen[id(output)] = (path, output, output._version)

    def normed(path: str, given: Tensor) -> None:
        convolution, _, version = seen.get(id(given), ("", given, -1))
        if version == given._version:  # not changed in place meanwhile
            pairs.append((convolution, path))

    with ExitStack() as hooks:
        for path, module in model.named_modules():
            if isinstance(module, nn.Conv2d):
                hook = module.register_forward_hook(lambda _, __, output, path=path: convolved(path, output))
            elif type(module) in (nn.BatchNorm2d, BatchNormAct2d) and module.running_mean is not None:
                hook = module.register_forward_pre_hook(lambda _, inputs, path=path: normed(path, inputs[0]))
            else:
                continue
            hooks.callback(hook.remove)
        return model(x), pairs


def _fold(model: nn.Module, convolution: str, norm: str) -> None:
    before, after = model.get_submodule(convolution), model.get_submodule(norm)
    assert isinstance(before, nn.Conv2d)
    assert isinstance(after, nn.BatchNorm2d)
    model.set_submodule(convolution, fuse_conv_bn_eval(before, after))
    model.set_submodule(norm, nn.Sequential(OrderedDict(after.named_children())))  # timm's have their activation inside
