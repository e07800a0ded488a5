"""The sequential CNN that Abdulkadir et al. 2025 train from scratch (figures 5 to 7, table IV).

::

    x (N, 1, 48, 48) -> [conv 3x3, BN, ReLU, max pool 2, dropout] x 4
                     -> dense 512, BN, ReLU, dropout -> linear -> (N, K)

========================== ===== ========== =============
network                    input parameters multiply-adds
========================== ===== ========== =============
``sequential_cnn``            48      3.9 M       131.1 M
``sequential_cnn_compact``    48      1.0 M        33.1 M
========================== ===== ========== =============

Shapes of ``sequential_cnn``: ``blocks.0`` 64x24x24, ``blocks.1`` 128x12x12, ``blocks.2`` 256x6x6, ``blocks.3`` 512x3x3,
``head.1`` 512.

Shapes of ``sequential_cnn_compact``: ``blocks.0`` 32x24x24, ``blocks.1`` 64x12x12, ``blocks.2`` 128x6x6, ``blocks.3``
256x3x3, ``head.1`` 256.

Decisions where the paper is silent (it names neither widths nor rates): blocks of 64-128-256-512, one dense layer of
512, dropout 0.25 after blocks and twice that after the dense layer. ``batch_norm`` and ``dropout`` are the switches of
its ablation. As in the paper, gray values are scaled to 0..1 and not standardised. Grad-CAM reads the last block in
front of its pool, 6x6 places: no other layer's map holds better (docs/cam_layers.md). The compact variant is half as
wide throughout.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.models.inputs import UNIT_GRAY_48
from fer_explain.models.registry import Architecture, Pretrained, register

_MULTIPLES = (1, 2, 4, 8)


class SequentialCnn(nn.Module):
    """A plain CNN for gray faces; see the module's docstring.

    Args:
        num_classes: K.
        width: channels of the first block; each further block doubles them, and the dense layer has as many as the
            last one.
        batch_norm: normalise after each convolution and after the dense layer.
        dropout: rate after blocks; the dense layer has twice that; 0 = off.

    Hook points: ``blocks.i.act`` (N, C, 48 / 2^i, 48 / 2^i).

    Raises:
        FerError: a dropout outside 0..0.5.
    """

    def __init__(self, num_classes: int, *, width: int = 64, batch_norm: bool = True, dropout: float = 0.25) -> None:
        super().__init__()
        if not 0 <= dropout <= 0.5:
            raise FerError(f"dropout must lie in 0..0.5, got {dropout}.")
        widths = [width * multiple for multiple in _MULTIPLES]
        self.blocks = nn.Sequential(*(_block(*pair, batch_norm, dropout) for pair in pairwise((1, *widths))))
        side, dense = UNIT_GRAY_48.size // 2 ** len(widths), widths[-1]
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(widths[-1] * side * side, dense, bias=not batch_norm),
            nn.BatchNorm1d(dense) if batch_norm else nn.Identity(),
            nn.ReLU(inplace=True),
            nn.Dropout(2 * dropout),
            nn.Linear(dense, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of images (N, 1, 48, 48)."""
        logits: Tensor = self.head(self.blocks(x))
        return logits


def _block(inputs: int, outputs: int, batch_norm: bool, dropout: float) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=not batch_norm),
        norm=nn.BatchNorm2d(outputs) if batch_norm else nn.Identity(),
        act=nn.ReLU(inplace=True),
        pool=nn.MaxPool2d(2),
        drop=nn.Dropout(dropout),
    )
    return nn.Sequential(layers)


def _build(
    width: int, num_classes: int, pretrained: Pretrained, *, batch_norm: bool = True, dropout: float = 0.25
) -> SequentialCnn:
    assert not pretrained, "the registry refuses it for a network without published weights"
    return SequentialCnn(num_classes, width=width, batch_norm=batch_norm, dropout=dropout)


for _name, _width in (("sequential_cnn", 64), ("sequential_cnn_compact", 32)):
    _small = _width < 64
    register(
        Architecture(
            _name,
            partial(_build, _width),
            UNIT_GRAY_48,
            cam_layer="blocks.3.act",
            summary=f"{'small' if _small else 'plain'} CNN for gray 48 px faces, with switches for BN and dropout",
            title="Compact Sequential CNN" if _small else "Sequential CNN",
            paper="Sequential CNN in Abdulkadir et al. 2025",
            recipe="compact" if _small else "sequential_cnn",
            compact=_small,
            from_scratch=True,
        )
    )
