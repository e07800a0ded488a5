"""VGG19 (Simonyan and Zisserman 2015) as Abdulkadir et al. 2025 fine-tune it, and a small one for 48 px.

::

    x (N, 3, S, S) -> [convolutions 3x3, max pool] x 5 -> dense -> dense -> linear -> (N, K)

Simonyan and Zisserman 2015, table 1, column E; in Abdulkadir et al. 2025 the text around figures 2 to 4.

=============== ===== ========== =============
network         input parameters multiply-adds
=============== ===== ========== =============
``vgg19``         224    139.6 M       19.63 G
``vgg_compact``    48      1.6 M        59.3 M
=============== ===== ========== =============

Shapes of ``vgg19`` behind its pools: ``features.4`` 64x112x112, ``features.9`` 128x56x56, ``features.18`` 256x28x28,
``features.27`` 512x14x14, ``features.36`` 512x7x7, then ``pre_logits`` 4096x1x1.

Shapes of ``vgg_compact``: ``blocks.0`` 16x24x24, ``blocks.1`` 32x12x12, ``blocks.2`` 64x6x6, ``blocks.3`` 128x3x3,
``features`` 160x3x3.

Decisions where the paper is silent:

* which layers are frozen ("transfer learning with constrained layers"): ``frozen_blocks`` = 0 to 5 convolution blocks,
  0 by default, as freezing makes sense with ``pretrained`` weights only.
* the input is 224 px and the dense layers keep VGG's width of 4096.
* Grad-CAM reads the last convolution's map in front of the last pool: 14x14 places instead of 7x7, in the compact
  variant 6x6 instead of 3x3. Of drawn faces 27 % of that map's mass lie on the part that decides and its maximum does
  on 88 %; of the last map it is 14 and 62 %. On 24 validation faces it passes curves, ROAD and infidelity together on
  17 %, the last map on 8 %; on 656 its agreement with the cost of hiding each part rose from 0.07 to 0.19
  (docs/cam_layers.md, ``region_profile``; only the compact one was measured, before it went on with ``robust``).
* the compact variant has VGG19's 2-2-4-4-4 convolutions with BN, since it starts from scratch; the last block has no
  pool, and a mean over places replaces the first dense layer's 7x7.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.models.backbone import timm_backbone
from fer_explain.models.inputs import GRAY_48, IMAGENET_224
from fer_explain.models.registry import Architecture, Pretrained, register

_CONVOLUTIONS = (2, 2, 4, 4, 4)
_WIDTHS = (16, 32, 64, 128, 160)


class CompactVgg(nn.Module):
    """VGG19's plan with BN and narrow blocks; see the module's docstring.

    Hook points: ``blocks.i`` (after the pool), ``features`` (the last map, (N, 160, S/16, S/16)).
    """

    def __init__(self, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        inner = (3, *_WIDTHS)
        last = len(_WIDTHS) - 1
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(*_block(inner[i], width, _CONVOLUTIONS[i], pool=i < last))
                for i, width in enumerate(_WIDTHS)
            )
        )
        self.features = nn.Identity()
        self.head = nn.Sequential(
            nn.Linear(_WIDTHS[-1], 256), nn.ReLU(inplace=True), nn.Dropout(dropout), nn.Linear(256, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of images (N, 3, S, S)."""
        logits: Tensor = self.head(self.features(self.blocks(x)).mean((2, 3)))
        return logits


def _block(inputs: int, outputs: int, convolutions: int, *, pool: bool) -> Iterator[nn.Module]:
    for index in range(convolutions):
        yield nn.Conv2d(inputs if index == 0 else outputs, outputs, kernel_size=3, padding=1, bias=False)
        yield nn.BatchNorm2d(outputs)
        yield nn.ReLU(inplace=True)
    if pool:
        yield nn.MaxPool2d(2)


def freeze_blocks(features: nn.Sequential, count: int) -> None:
    """Takes the first ``count`` convolution blocks, each up to its max pool, out of training.

    Raises:
        FerError: there are not so many blocks.
    """
    ends = [index + 1 for index, module in enumerate(features) if isinstance(module, nn.MaxPool2d)]
    if not 0 <= count <= len(ends):
        raise FerError(f"frozen_blocks must lie in 0..{len(ends)}, got {count}.")
    features[: [0, *ends][count]].requires_grad_(False)


def _full(num_classes: int, pretrained: Pretrained, frozen_blocks: int = 0, **args: Any) -> nn.Module:
    model = timm_backbone("vgg19", num_classes, pretrained, **args)
    freeze_blocks(model.features, frozen_blocks)  # type: ignore[arg-type]
    return model


def _compact(num_classes: int, pretrained: Pretrained, dropout: float = 0.5) -> CompactVgg:
    assert not pretrained, "the registry refuses it for a network without published weights"
    return CompactVgg(num_classes, dropout)


register(
    Architecture(
        "vgg19",
        _full,
        IMAGENET_224,
        cam_layer="features.35",
        summary="VGG19, with frozen early blocks as an option",
        title="VGG19",
        paper="VGG19 in Abdulkadir et al. 2025",
        recipe="vgg19",
    )
)
register(
    Architecture(
        "vgg_compact",
        _compact,
        GRAY_48,
        cam_layer="blocks.3.11",
        summary="small VGG19 with BN",
        title="Compact VGG",
        paper="VGG19 in Abdulkadir et al. 2025",
        recipe="compact",
        compact=True,
        from_scratch=True,
    )
)
