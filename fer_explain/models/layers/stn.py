"""Spatial transformer network (Jaderberg et al. 2015, arXiv:1506.02025), in the size EmoNeXt uses."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MIN_SIZE = 20  # below it the second convolution has no pixel left


class SpatialTransformer(nn.Module):
    """Re-aligns an image with an affine map that a small network reads off the image itself.

    Localisation network as in EmoNeXt's released code: conv 7x7 -> 8, BN, max pool 2, ReLU; conv 5x5 -> 10, BN,
    max pool 2, ReLU; FC 32, ReLU; FC 6 with zero weights and identity bias, so that training starts with "no change".
    For 224 px the flattened map is 10 x 52 x 52; for other sizes it follows from ``input_size``. An input of another
    size than the one built for is accepted too: its localisation map is pooled to the built size.

    Submodules to hook: ``theta`` puts out the map (N, 2, 3), and the module itself the aligned image (N, C, H, W).

    Shapes: input (N, C, H, W) -> output (N, C, H, W), same memory format; sampled bilinearly in float32, also under
    autocast, with zeros outside the image.

    Raises:
        ValueError: ``input_size`` is below 20.
    """

    def __init__(self, in_channels: int = 3, input_size: int = 224) -> None:
        super().__init__()
        if input_size < MIN_SIZE:
            raise ValueError(f"SpatialTransformer: input_size must be at least {MIN_SIZE}, got {input_size}")
        side = ((input_size - 6) // 2 - 4) // 2
        self.localization = nn.Sequential(
            nn.Conv2d(in_channels, 8, kernel_size=7),
            nn.BatchNorm2d(8),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(8, 10, kernel_size=5),
            nn.BatchNorm2d(10),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(side),  # the identity at the built size
        )
        regressor = nn.Linear(32, 6)
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(10 * side * side, 32), nn.ReLU())
        self.theta = nn.Sequential(regressor, nn.Unflatten(1, (2, 3)))
        nn.init.zeros_(regressor.weight)
        with torch.no_grad():
            regressor.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def forward(self, x: Tensor) -> Tensor:
        """Aligns ``x`` (N, C, H, W)."""
        theta: Tensor = self.theta(self.fc(self.localization(x)))
        return warp(x, theta)


def warp(x: Tensor, theta: Tensor) -> Tensor:
    """Samples ``x`` (N, C, H, W) at ``theta`` (N, 2, 3) applied to each output position (eq. 1 and 5 of the paper).

    Coordinates are normalised, edge to edge (``align_corners=False``); the result has the type of ``x``.
    """
    # A grid in half precision would be off by pixels, so the geometry stays in float32. The product is written out
    # because under autocast a matrix product would be done in half precision again.
    height, width = x.shape[-2:]
    theta = theta.float()[:, :, None, None, :]
    xs = (torch.arange(width, device=x.device, dtype=torch.float32) * 2 + 1) / width - 1
    ys = (torch.arange(height, device=x.device, dtype=torch.float32) * 2 + 1) / height - 1
    grid = theta[..., 0] * xs[None, None, None, :] + theta[..., 1] * ys[None, None, :, None] + theta[..., 2]
    sampled = F.grid_sample(x.float(), grid.permute(0, 2, 3, 1), mode="bilinear", align_corners=False)
    return sampled.to(x.dtype)
