"""U-Net mask with efficient channel attention, as it sits behind each ResNet stage of Tian et al. 2024 (figure 3)."""

from __future__ import annotations

from typing import Literal

import torch
from timm.layers import EcaModule
from torch import Tensor, nn

MaskActivation = Literal["softmax", "sigmoid"]


class UNetMask(nn.Module):
    """A weight in 0..1 for every channel at every place of a map, read off that map by a U-Net.

    Encoder level i has width ``channels`` * 2^i: twice [conv 3x3, BN, ReLU], then ECA, then max pool 2. The bottom is
    one more such level without the pool. A decoder level is: transposed conv 2x2, concatenation with the encoder's map,
    twice [conv 3x3, BN, ReLU]. A 1x1 convolution and the activation end it.

    Submodules to hook: ``gate`` puts out the mask. Under the softmax, which runs over channels, its mean over channels
    is 1/C at every place, so that only its maximum tells places apart.

    Args:
        channels: C of the map.
        depth: number of halvings, at least 1. A side that does not halve evenly is rounded up and cut on the way back.
        activation: ``softmax`` over channels, as in the paper, or ``sigmoid``.

    Shapes: input (N, C, H, W) -> mask (N, C, H, W).

    Raises:
        ValueError: a depth below 1, or an unknown activation.
    """

    def __init__(self, channels: int, depth: int, activation: MaskActivation = "softmax") -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f"UNetMask: depth must be at least 1, got {depth}")
        if activation not in ("softmax", "sigmoid"):
            raise ValueError(f"activation must be softmax or sigmoid, got {activation!r}")
        widths = [channels * 2**level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(
            nn.Sequential(_double_conv(inner, width), EcaModule(width))
            for inner, width in zip([channels, *widths], widths, strict=False)
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        upwards = widths[-2::-1]
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, kernel_size=2, stride=2) for width in upwards)
        self.decoder = nn.ModuleList(_double_conv(2 * width, width) for width in upwards)
        self.project = nn.Conv2d(channels, channels, kernel_size=1)
        self.gate = nn.Softmax(dim=1) if activation == "softmax" else nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """The mask (N, C, H, W) of a map ``x`` (N, C, H, W)."""
        skips: list[Tensor] = []
        for index, level in enumerate(self.encoder):
            x = level(self.pool(x) if index else x)
            skips.append(x)
        skips.pop()  # the bottom is nobody's skip connection
        for up, merge in zip(self.up, self.decoder, strict=True):
            skip = skips.pop()
            x = up(x)[..., : skip.shape[-2], : skip.shape[-1]]
            x = merge(torch.cat([skip, x], dim=1))
        mask: Tensor = self.gate(self.project(x))
        return mask


def _double_conv(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
