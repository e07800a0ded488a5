"""Swin-SE-ResNet: a transformer's global and a ResNet's local features, joined (Truong, Hoang and Nguyen, figure 7).

::

    x (N, 3, S, S) -> Swin-Tiny -> SE -> split convolution -> mean -> 768 --+
                   `-> ResNet-50 -------------------------> mean -> 2048 -+-> linear(2816 -> K) -> (N, K)

Section 4.2.4, Y_i = Conv_i(X_i), Y = Concat(Y_1, ..., Y_n): the channels in n = 4 groups, a 3x3 convolution of its own
for each; that is one grouped convolution. Mean pooling is its Y'_ijc = 1/k^2 sum Y. Section 4.3: y = softmax(W
concat(f_Swin, f_ResNet) + b).

========================== ===== ========== =============
network                    input parameters multiply-adds
========================== ===== ========== =============
``swin_se_resnet``           224     52.4 M        8.64 G
``swin_se_resnet_compact``    48      3.1 M       126.6 M
========================== ===== ========== =============

Shapes of ``swin_se_resnet``: ``swin.norm`` 7x7x768 (height, width, channels), ``se`` 768x7x7, ``split`` 768x7x7,
``resnet.layer4`` 2048x7x7, ``features`` 2816x7x7.

Shapes of ``swin_se_resnet_compact``: ``swin.norm`` 3x3x192, ``split`` 192x3x3, ``resnet.layer4`` 192x3x3,
``features`` 384x3x3.

Decisions where the paper is silent (it gives no number of parameters):

* the mean pooling has k = the side of the map, so that it ends in a vector, as the paper's sum of the parts demands.
  The mean of joined maps is the join of their means, so the maps are joined first, in ``features``: there Grad-CAM sees
  both branches at once.
* Grad-CAM of the compact variant reads ``swin.layers.1``, 6x6 places, although it sees the Swin branch alone. On 24
  validation faces that map passes curves, ROAD and infidelity together on 17 %, ``features``, 3x3, on none; of drawn
  faces 20 and 14 % of the mass lie on the part that decides. ``resnet.layer3`` has 4 and 26 % (docs/cam_layers.md).
  On 656 faces the agreement with the cost of hiding each part rose from 0.05 to 0.10 (``region_profile``).
  The published size keeps ``features``, 7x7 places; it was not measured.
* no activation or normalisation around the split convolution, which keeps the width at 768.
* ``gate_init``: the SE gate starts at 0.95, since Swin comes pretrained; "plain" is the usual start at about 0.5.
* the compact variant joins the two compact baselines at 48 px, the Swin 2-2-2 deep.
* ``pretrained`` as a path is a folder with a file for each backbone (:mod:`fer_explain.models.backbone`).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from fer_explain.models.backbone import branch
from fer_explain.models.baselines import RESNET50, SWIN_TINY, compact_resnet, compact_swin, resnet50, swin_tiny
from fer_explain.models.inputs import GRAY_48, IMAGENET_224
from fer_explain.models.layers.gates import GateInit, make_gate
from fer_explain.models.registry import Architecture, Build, Pretrained, register


class SwinSEResNet(nn.Module):
    """Two branches on the same input; see the module's docstring.

    Args:
        swin: a timm Swin without classifier; last map (N, h, w, C).
        resnet: a timm ResNet without classifier whose last map has the same places.
        groups: n of the split convolution.
        gate_init: how the SE gate starts.

    Hook points: ``se.gate``, ``split`` (the Swin branch's map), ``features`` (both maps, (N, C + C', h, w)).
    """

    def __init__(
        self,
        swin: nn.Module,
        resnet: nn.Module,
        num_classes: int,
        *,
        groups: int = 4,
        gate_init: GateInit = "identity",
    ) -> None:
        super().__init__()
        width, other = int(swin.num_features), int(resnet.num_features)  # type: ignore[arg-type]
        self.swin, self.resnet = swin, resnet
        self.se = make_gate("se", width, init=gate_init)
        self.split = nn.Conv2d(width, width, kernel_size=3, padding=1, groups=groups)
        self.features = nn.Identity()
        self.fc = nn.Linear(width + other, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of images (N, 3, S, S)."""
        swin: Any = self.swin
        resnet: Any = self.resnet
        wide = self.split(self.se(swin.forward_features(x).permute(0, 3, 1, 2)))
        maps = self.features(torch.cat([wide, resnet.forward_features(x)], dim=1))
        logits: Tensor = self.fc(maps.mean((2, 3)))
        return logits


def _build(
    swin: Build,
    resnet: Build,
    num_classes: int,
    pretrained: Pretrained,
    *,
    groups: int = 4,
    gate_init: GateInit = "identity",
    **swin_args: Any,
) -> SwinSEResNet:
    """``swin_args``: options of the Swin branch, such as ``img_size`` and ``window_size`` for another input."""
    branches = branch(partial(swin, **swin_args), SWIN_TINY, pretrained), branch(resnet, RESNET50, pretrained)
    return SwinSEResNet(*branches, num_classes, groups=groups, gate_init=gate_init)


_SHALLOW_SWIN = partial(compact_swin, depths=(2, 2, 2))

register(
    Architecture(
        "swin_se_resnet",
        partial(_build, swin_tiny, resnet50),
        IMAGENET_224,
        cam_layer="features",
        summary="Swin-Tiny with SE and split convolution beside ResNet-50",
        title="Swin-SE-ResNet",
        paper="Swin-SE-ResNet (Truong, Hoang and Nguyen)",
        recipe="swin_se_resnet",
    )
)
register(
    Architecture(
        "swin_se_resnet_compact",
        partial(_build, _SHALLOW_SWIN, compact_resnet),
        GRAY_48,
        cam_layer="swin.layers.1",
        cam_nhwc=True,
        summary="small Swin with SE and split convolution beside a small ResNet",
        title="Compact Swin-SE-ResNet",
        paper="Swin-SE-ResNet (Truong, Hoang and Nguyen)",
        recipe="compact",
        compact=True,
        from_scratch=True,
    )
)
