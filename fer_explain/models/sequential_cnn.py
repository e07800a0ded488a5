"""The sequential CNN that Abdulkadir et al. 2025 train from scratch (section IV, tables III and IV).

::

    x (N, 1, 48, 48) -> [conv 3x3, BN, ReLU, max pool 2, dropout] x 4
                     -> dense 512, BN, ReLU, dropout -> linear -> (N, K)

Shapes: 64x24x24, 128x12x12, 256x6x6, 512x3x3, 512. Parameters with seven classes: 3.9 M, so that the published
size is its own compact variant.

Decisions where the paper is silent (it names neither widths nor rates): blocks of 64-128-256-512, one dense layer of
512, dropout 0.25 after blocks and twice that after the dense layer. ``batch_norm`` and ``dropout`` are the switches of
its ablation. As in the paper, gray values are scaled to 0..1 and not standardised. Grad-CAM reads the last block in
front of its pool, 6x6 places.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.models.registry import Pretrained, register
from fer_explain.types import InputSpec

UNIT_GRAY_48 = InputSpec(48, 1, (0.0,), (1.0,))
_WIDTHS = (64, 128, 256, 512)


class SequentialCnn(nn.Module):
    """A plain CNN for gray faces; see the module's docstring.

    Args:
        num_classes: K.
        batch_norm: normalise after each convolution and after the dense layer.
        dropout: rate after blocks; the dense layer has twice that; 0 = off.

    Hook points: ``blocks.i.act`` (N, C, 48 / 2^i, 48 / 2^i).

    Raises:
        FerError: a dropout outside 0..0.5.
    """

    def __init__(self, num_classes: int, *, batch_norm: bool = True, dropout: float = 0.25) -> None:
        super().__init__()
        if not 0 <= dropout <= 0.5:
            raise FerError(f"dropout must lie in 0..0.5, got {dropout}.")
        self.blocks = nn.Sequential(
            *(_block(inner, width, batch_norm, dropout) for inner, width in zip((1, *_WIDTHS), _WIDTHS, strict=False))
        )
        side = UNIT_GRAY_48.size // 2 ** len(_WIDTHS)
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(_WIDTHS[-1] * side * side, 512, bias=not batch_norm),
            nn.BatchNorm1d(512) if batch_norm else nn.Identity(),
            nn.ReLU(inplace=True),
            nn.Dropout(2 * dropout),
            nn.Linear(512, num_classes),
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
    num_classes: int, pretrained: Pretrained, *, batch_norm: bool = True, dropout: float = 0.25
) -> SequentialCnn:
    if pretrained:
        raise FerError("'sequential_cnn' has no pretrained weights; train it from scratch.")
    return SequentialCnn(num_classes, batch_norm=batch_norm, dropout=dropout)


register(
    "sequential_cnn",
    _build,
    cam_layer="blocks.3.act",
    summary="plain CNN for gray 48 px faces, with switches for BN and dropout",
    input_spec=UNIT_GRAY_48,
    paper="Sequential CNN in Abdulkadir et al. 2025",
    recipe="sequential_cnn",
    compact=True,
)
