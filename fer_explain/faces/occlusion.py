"""How much of a face something hides: a hand, a mask, a scarf, the border of the photo.

A small network looks at the face in gray, at FER2013's 48 px. ``python -m training.occlusion`` trained it on FER2013's
training faces behind drawn occluders, and wrote its weights beside this file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

SIDE: Final = 48  # pixels
CELLS: Final = 12  # along one side of what the network answers
WEIGHTS: Final = Path(__file__).with_suffix(".safetensors")
_WIDTH: Final = 24
_FLATTEST: Final = 8.0  # gray values: a face that is flatter is not stretched any further
_CENTRE, _RADII = (0.52, 0.5), (0.48, 0.4)  # of the face in its crop: down, across


class OcclusionNet(nn.Module):
    """Gray faces (N, 1, 48, 48) in 0..255 to the logit (N, 1, 12, 12) that a place is hidden.

    Dilated convolutions and the mean of all places let each place know of the whole face; a learned bias of its own
    tells it where in the crop it is.
    """

    def __init__(self) -> None:
        super().__init__()
        inner = 2 * _WIDTH
        self.features = nn.Sequential(
            _layer(1, _WIDTH // 2),
            _layer(_WIDTH // 2, _WIDTH, stride=2),
            _layer(_WIDTH, _WIDTH),
            _layer(_WIDTH, inner, stride=2),
            _layer(inner, inner),
            _layer(inner, inner, dilation=2),
            _layer(inner, inner, dilation=4),
        )
        self.place = nn.Parameter(torch.zeros(1, inner, CELLS, CELLS))
        self.context = nn.Linear(inner, inner)
        self.head = nn.Sequential(_layer(inner, inner), nn.Conv2d(inner, 1, 1))

    def forward(self, gray: Tensor) -> Tensor:
        """See the class."""
        centred = gray - gray.mean((2, 3), keepdim=True)
        features = self.features(centred / centred.std((2, 3), keepdim=True).clamp(min=_FLATTEST))
        whole = self.context(features.mean((2, 3)))[:, :, None, None]
        logits: Tensor = self.head(F.relu(features + self.place + whole))
        return logits


def hidden_share(gray: NDArray[np.float32]) -> float:
    """Share (0..1) of the face that is hidden; ``gray`` (48, 48) in 0..255 is its crop."""
    with torch.no_grad():
        chances = _network()(torch.from_numpy(gray)[None, None]).sigmoid()
    return float(share_of(chances)[0])


def share_of(hidden: Tensor) -> Tensor:
    """Share (N,) of the face that is hidden, from how much (N, 1, 12, 12) of each place is."""
    face = face_cells().to(hidden)
    return (hidden * face).sum((1, 2, 3)) / face.sum()


@cache
def face_cells() -> Tensor:
    """The cells (12, 12) of a crop that show the face and not what is around it: 1, else 0."""
    line = (torch.arange(CELLS) + 0.5) / CELLS
    down, across = ((line - middle) / radius for middle, radius in zip(_CENTRE, _RADII, strict=True))
    return (down[:, None].square() + across[None].square() <= 1).float()


def _layer(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


@cache
def _network() -> OcclusionNet:
    from safetensors.torch import load_file

    network = OcclusionNet()
    network.load_state_dict({name: weight.float() for name, weight in load_file(WEIGHTS).items()})
    return network.eval()
