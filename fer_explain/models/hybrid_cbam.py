"""ResNet50, MobileNetV2 and a small CNN with CBAM, joined by their features (Abdulkadir et al. 2025, section III-B).

::

    x (N, 3, S, S) -> ResNet50 -----------------------------> mean --+
                   |-> MobileNetV2 -------------------------> mean --+-> dense 512 -> dense 256 -> linear -> (N, K)
                   `-> [conv 3x3, BN, ReLU, max pool 2, CBAM] x 5 -> mean --'

Last maps at 224: 2048x7x7, 1280x7x7 and 256x7x7 (the CNN: 32, 64, 128, 256, 256 wide). Parameters with seven classes:
28.7 M, 2.9 M compact (the paper gives no number, and calls the sum "lightweight").

Decisions where the paper is silent:

* "the flattened outputs" are the flattened means over places. The maps themselves would make 175,616 inputs and a
  first dense layer larger than all three branches.
* the mean of joined maps is the join of their means, so the maps are joined first, in ``features``: there Grad-CAM
  sees all branches at once. For that the CNN has as many halvings as the backbones.
* each dense layer is followed by BN, ReLU and dropout; ``batch_norm`` and ``dropout`` are the switches of its ablation.
* CBAM has the plain start of its paper, as its blocks are trained from scratch, and reduction 16.
* the compact variant at 48 px has the compact ResNet of width 24, MobileNetV2 x0.35 that halves four times, and four
  blocks: 192x3x3, 1280x3x3 and 256x3x3, then dense 256 and 128.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from fer_explain.models.backbone import timm_backbone
from fer_explain.models.baselines import branch, compact_resnet, resnet50
from fer_explain.models.emonext import GRAY_48
from fer_explain.models.layers.gates import make_gate
from fer_explain.models.registry import Build, Pretrained, register


class HybridCbam(nn.Module):
    """Three branches on the same input; see the module's docstring.

    Args:
        backbones: timm networks without classifier whose last maps have the same places.
        widths: of the CNN's blocks.
        dense: widths of the dense layers.
        batch_norm: normalise behind each dense layer.
        dropout: rate behind each dense layer; 0 = off.

    Hook points: ``cnn.i.cbam.channel.gate``, ``cnn.i.cbam.spatial.gate``, ``features`` (all maps, (N, C, h, w)).
    """

    def __init__(
        self,
        backbones: Sequence[nn.Module],
        num_classes: int,
        *,
        widths: Sequence[int],
        dense: Sequence[int],
        batch_norm: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.backbones = nn.ModuleList(backbones)
        self.cnn = nn.Sequential(*(CbamBlock(inner, width) for inner, width in pairwise((3, *widths))))
        self.features = nn.Identity()
        joined = widths[-1] + sum(int(net.head_hidden_size) for net in backbones)  # type: ignore[arg-type, misc]
        layers = [_dense(*pair, batch_norm, dropout) for pair in pairwise((joined, *dense))]
        self.head = nn.Sequential(*layers, nn.Linear(dense[-1], num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of images (N, 3, S, S)."""
        backbones: Any = self.backbones
        maps = [backbone.forward_features(x) for backbone in backbones]
        features = self.features(torch.cat([*maps, self.cnn(x)], dim=1))
        logits: Tensor = self.head(features.mean((2, 3)))
        return logits


class CbamBlock(nn.Sequential):
    """Convolution 3x3, BN, ReLU, max pool 2, then CBAM: (N, C, H, W) -> (N, C', H/2, W/2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.cbam = make_gate("cbam", outputs, init="plain")


def _dense(inputs: int, outputs: int, batch_norm: bool, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, outputs, bias=not batch_norm),
        nn.BatchNorm1d(outputs) if batch_norm else nn.Identity(),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
    )


def _build(
    backbones: Sequence[Build],
    widths: Sequence[int],
    dense: Sequence[int],
    num_classes: int,
    pretrained: Pretrained,
    *,
    batch_norm: bool = True,
    dropout: float = 0.5,
) -> HybridCbam:
    branches = [branch(build, pretrained) for build in backbones]
    return HybridCbam(branches, num_classes, widths=widths, dense=dense, batch_norm=batch_norm, dropout=dropout)


_FULL = (resnet50, partial(timm_backbone, "mobilenetv2_100"))
_COMPACT = (partial(compact_resnet, width=24), partial(timm_backbone, "mobilenetv2_035", output_stride=16))

register(
    "hybrid_cbam",
    partial(_build, _FULL, (32, 64, 128, 256, 256), (512, 256)),
    cam_layer="features",
    summary="ResNet50, MobileNetV2 and a small CNN with CBAM, joined",
    paper="Hybrid CNN in Abdulkadir et al. 2025",
    recipe="hybrid_cbam",
)
register(
    "hybrid_cbam_compact",
    partial(_build, _COMPACT, (32, 64, 128, 256), (256, 128)),
    cam_layer="features",
    summary="small ResNet, MobileNetV2 and CNN with CBAM, joined",
    input_spec=GRAY_48,
    paper="Hybrid CNN in Abdulkadir et al. 2025",
    recipe="compact",
    compact=True,
)
