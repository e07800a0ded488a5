"""Random views of a batch of faces, drawn on the device in one resampling."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_explain.types import InputSpec
from training.config import TrainConfig


def augment(images: Tensor, spec: InputSpec, config: TrainConfig) -> Tensor:
    """Random views (N, c, S, S) in 0..1 of images (N, c, H, W) in 0..1.

    Flip, turn, zoom, shift and the change of size are one affine map, so pixels are interpolated once; borders are
    mirrored. Then light and erasing. Every image has its own draw, from torch's global generator.
    """
    theta = random_affine(len(images), config).to(images.device)
    grid = F.affine_grid(theta, [len(images), 1, spec.size, spec.size], align_corners=False)
    views = F.grid_sample(images, grid, spec.interpolation, padding_mode="reflection", align_corners=False)
    return _erase(_relight(views, config.light), config.erase).clamp(0, 1)


def random_affine(n: int, config: TrainConfig) -> Tensor:
    """Maps (n, 2, 3) from a view to its image, normalised coordinates: flips, turn, zoom and shift."""
    angle = _symmetric(n) * math.radians(config.rotate)
    scale = torch.exp(_symmetric(n) * math.log1p(config.zoom))
    flip_x = 1 - 2 * (torch.rand(n) < config.hflip).float()
    flip_y = 1 - 2 * (torch.rand(n) < config.vflip).float()
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift = torch.stack([_symmetric(n), _symmetric(n)]) * 2 * config.translate
    rows = [cos * flip_x, -sin * flip_y, shift[0], sin * flip_x, cos * flip_y, shift[1]]
    return torch.stack(rows, dim=1).view(n, 2, 3)


def _symmetric(n: int) -> Tensor:
    """n numbers, even in -1..1."""
    return torch.rand(n) * 2 - 1


def _relight(x: Tensor, amount: float) -> Tensor:
    """Changes contrast around each image's mean, then brightness, by up to ``amount``."""
    if not amount:
        return x
    contrast, brightness = (1 + amount * _symmetric(len(x)).to(x.device)[:, None, None, None] for _ in range(2))
    mean = x.mean((1, 2, 3), keepdim=True)
    return ((x - mean) * contrast + mean) * brightness


def _erase(x: Tensor, probability: float) -> Tensor:
    """Covers, in a share of the images, a rectangle (2..20 % of the area) with the mean (Zhong et al. 2020)."""
    if not probability:
        return x
    n, _, height, width = x.shape
    area, ratio = torch.empty(n).uniform_(0.02, 0.2), torch.exp(_symmetric(n) * math.log(2.5))
    half_h, half_w = torch.sqrt(area * ratio) / 2, torch.sqrt(area / ratio) / 2
    ys, xs = (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width
    rows = (ys[None] - torch.rand(n)[:, None]).abs() < half_h[:, None]
    columns = (xs[None] - torch.rand(n)[:, None]).abs() < half_w[:, None]
    hit = (rows[:, :, None] & columns[:, None, :])[:, None] & (torch.rand(n) < probability)[:, None, None, None]
    return torch.where(hit.to(x.device), x.mean((1, 2, 3), keepdim=True), x)
