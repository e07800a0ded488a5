"""ResNet50, MobileNetV2 and a small CNN with CBAM, joined by their features (Abdulkadir et al. 2025, section III-B).

::

    x (N, 3, S, S) -> ResNet50 -----------------------------> mean --+
                   |-> MobileNetV2 -------------------------> mean --+-> dense 512 -> dense 256 -> linear -> (N, K)
                   `-> [conv 3x3, BN, ReLU, max pool 2, CBAM] x 5 -> mean --'

The paper has no figure or equation of it but one sentence: "concatenating the flattened outputs of each network,
followed by dense classification layers". CBAM is Woo et al. 2018, equations 2 and 3.

======================= ===== ========== =============
network                 input parameters multiply-adds
======================= ===== ========== =============
``hybrid_cbam``           224     28.7 M        5.24 G
``hybrid_cbam_compact``    48      1.6 M        43.6 M
======================= ===== ========== =============

Shapes of ``hybrid_cbam``: ``cnn.0`` 32x112x112, ``cnn.1`` 64x56x56, ``cnn.2`` 128x28x28, ``cnn.3`` 256x14x14, ``cnn.4``
256x7x7, ``backbones.0.layer4`` 2048x7x7, ``backbones.1.bn2`` 1280x7x7, ``features`` 3584x7x7, ``head.0`` 512,
``head.1`` 256.

Shapes of ``hybrid_cbam_compact``: ``cnn.0`` 16x24x24, ``cnn.1`` 32x12x12, ``cnn.2`` 64x6x6, ``cnn.3`` 128x3x3,
``backbones.0.layer4`` 128x3x3, ``backbones.1.bn2`` 1280x3x3, ``features`` 1536x3x3, ``head.0`` 256, ``head.1`` 128.

Decisions where the paper is silent (it gives no number of parameters, and calls the sum "lightweight"):

* "the flattened outputs" are the flattened means over places. The maps themselves would make 175,616 inputs and a
  first dense layer larger than all three branches.
* the mean of joined maps is the join of their means, so the maps are joined first, in ``features``: there Grad-CAM
  sees all branches at once. For that the CNN has as many halvings as the backbones.
* each dense layer is followed by BN, ReLU and dropout; ``batch_norm`` and ``dropout`` are the switches of its ablation.
* CBAM has the plain start of its paper, as its blocks are trained from scratch, and reduction 16.
* the compact variant at 48 px has the compact ResNet of width 16, MobileNetV2 x0.35 that halves four times, and four
  blocks, then dense 256 and 128.
* ``pretrained`` as a path is a folder with a file for each backbone (:mod:`fer_explain.models.backbone`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from fer_explain.models.backbone import branch, timm_backbone
from fer_explain.models.baselines import RESNET50, compact_resnet, resnet50
from fer_explain.models.inputs import GRAY_48, IMAGENET_224
from fer_explain.models.layers.gates import make_gate
from fer_explain.models.registry import Architecture, Build, Pretrained, register


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
    backbones: dict[str, Build],
    widths: Sequence[int],
    dense: Sequence[int],
    num_classes: int,
    pretrained: Pretrained,
    *,
    batch_norm: bool = True,
    dropout: float = 0.5,
) -> HybridCbam:
    branches = [branch(build, name, pretrained) for name, build in backbones.items()]
    return HybridCbam(branches, num_classes, widths=widths, dense=dense, batch_norm=batch_norm, dropout=dropout)


_MOBILENET = "mobilenetv2_100"
_SMALL_MOBILENET = "mobilenetv2_035"
_FULL: dict[str, Build] = {RESNET50: resnet50, _MOBILENET: partial(timm_backbone, _MOBILENET)}
_COMPACT: dict[str, Build] = {
    "resnet_compact": partial(compact_resnet, width=16),
    _SMALL_MOBILENET: partial(timm_backbone, _SMALL_MOBILENET, output_stride=16),
}

register(
    Architecture(
        "hybrid_cbam",
        partial(_build, _FULL, (32, 64, 128, 256, 256), (512, 256)),
        IMAGENET_224,
        cam_layer="features",
        summary="ResNet50, MobileNetV2 and a small CNN with CBAM, joined",
        title="Hybrid-CBAM",
        paper="Hybrid CNN in Abdulkadir et al. 2025",
        recipe="hybrid_cbam",
    )
)
register(
    Architecture(
        "hybrid_cbam_compact",
        partial(_build, _COMPACT, (16, 32, 64, 128), (256, 128)),
        GRAY_48,
        cam_layer="features",
        summary="small ResNet, MobileNetV2 and CNN with CBAM, joined",
        title="Compact Hybrid-CBAM",
        paper="Hybrid CNN in Abdulkadir et al. 2025",
        recipe="compact",
        compact=True,
        from_scratch=True,
    )
)
