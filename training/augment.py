"""Random views of a batch of faces, on the device, from random numbers that are drawn beforehand.

Why not torchvision's v2 transforms: given a batch, they draw *once* for all its images (one angle, one sigma, one
rectangle), and a chain of them interpolates the pixels of a 48 x 48 face several times. Here every image has its own
draws and is resampled once. Where one draw per batch is what the method asks for, v2 is used (:mod:`training.loss`).
"""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_explain.types import InputSpec
from training.capture import CAPTURE_DRAWS, capture
from training.config import TrainConfig

# What each number of a row of draws decides.
_HFLIP, _VFLIP, _TURN, _SCALE, _RIGHT, _DOWN, _CONTRAST, _BRIGHTNESS, _BLUR = range(9)
_ERASE, _AREA, _RATIO, _ERASE_Y, _ERASE_X = range(9, 14)
DRAWS: Final = 14

_PADDING: Final = {"mirror": "reflection", "black": "zeros"}
_SIGMA: Final = 0.1  # pixels; the smallest blur


def draw(n: int, config: TrainConfig) -> Tensor:
    """What decides the views of ``n`` images, (n, DRAWS) in 0..1, and more columns for the camera where it is on."""
    draws = torch.rand(n, DRAWS)
    return torch.cat([draws, torch.rand(n, CAPTURE_DRAWS)], dim=1) if config.capture else draws


def augment(images: Tensor, draws: Tensor, spec: InputSpec, config: TrainConfig) -> Tensor:
    """Views (N, c, S, S) in 0..1 of images (N, c, H, W) in 0..1.

    Flip, turn, zoom, shift, crop and the change of size are one affine map, so pixels are interpolated once. Then
    light, blur, what a camera does (:mod:`training.capture`) and erasing.

    Args:
        images: float, on any device.
        draws: of :func:`draw`, one row per image: the same numbers give the same view, however images are batched.
        spec: S and the interpolation.
        config: how strong.
    """
    draws = draws.to(images.device)
    grid = F.affine_grid(affine(draws, config), [len(images), 1, spec.size, spec.size], align_corners=False)
    padding = _PADDING[config.border]
    views = F.grid_sample(images, grid, spec.interpolation, padding_mode=padding, align_corners=False)
    views = _blur(_relight(views, draws, config.light), draws, config.blur)
    if config.capture:
        views = capture(views.clamp(0, 1), draws[:, DRAWS:], config)
    return _erase(views, draws, config.erase).clamp(0, 1)


def is_flipped(draws: Tensor, config: TrainConfig) -> Tensor:
    """Which images (N,) are mirrored left to right."""
    return draws[:, _HFLIP] < config.hflip


def affine(draws: Tensor, config: TrainConfig) -> Tensor:
    """Maps (N, 2, 3) from a view to its image, normalised coordinates: flips, turn, zoom, shift and crop."""
    even = draws * 2 - 1  # in -1..1
    kept = 1 - config.crop  # a random crop is a view of this share that lies anywhere inside the image
    angle = even[:, _TURN] * math.radians(config.rotate)
    scale = torch.exp(even[:, _SCALE] * math.log1p(config.zoom)) * kept
    flip_x = 1 - 2 * is_flipped(draws, config).float()
    flip_y = 1 - 2 * (draws[:, _VFLIP] < config.vflip).float()
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    reach = 2 * config.translate + config.crop  # normalised coordinates are two wide
    right, down = even[:, _RIGHT] * reach, even[:, _DOWN] * reach
    rows = [cos * flip_x, -sin * flip_y, right, sin * flip_x, cos * flip_y, down]
    return torch.stack(rows, dim=1).view(len(draws), 2, 3)


def _relight(x: Tensor, draws: Tensor, amount: float) -> Tensor:
    """Changes contrast around each image's mean, then brightness, by up to ``amount``."""
    if not amount:
        return x
    contrast, brightness = (1 + amount * (_column(draws, place) * 2 - 1) for place in (_CONTRAST, _BRIGHTNESS))
    mean = x.mean((1, 2, 3), keepdim=True)
    return ((x - mean) * contrast + mean) * brightness


def _blur(x: Tensor, draws: Tensor, largest: float) -> Tensor:
    """A separable 3 x 3 Gaussian of sigma 0.1..``largest`` pixels, mirrored at the borders as torchvision's is."""
    if not largest:
        return x
    sigma = _SIGMA + _column(draws, _BLUR) * max(0.0, largest - _SIGMA)
    side = torch.exp(-0.5 / sigma.square())
    side, middle = side / (1 + 2 * side), 1 / (1 + 2 * side)
    wide = F.pad(x, (1, 1, 1, 1), mode="reflect")
    rows = wide[..., 1:-1, :] * middle + (wide[..., :-2, :] + wide[..., 2:, :]) * side
    return rows[..., 1:-1] * middle + (rows[..., :-2] + rows[..., 2:]) * side


def _erase(x: Tensor, draws: Tensor, probability: float) -> Tensor:
    """Covers, in a share of the images, a rectangle (2..20 % of the area) with the mean (Zhong et al. 2020)."""
    if not probability:
        return x
    height, width = x.shape[-2:]
    area = 0.02 + 0.18 * draws[:, _AREA, None]
    ratio = torch.exp((draws[:, _RATIO, None] * 2 - 1) * math.log(2.5))
    half_h, half_w = torch.sqrt(area * ratio) / 2, torch.sqrt(area / ratio) / 2
    ys, xs = ((torch.arange(side, device=x.device) + 0.5) / side for side in (height, width))
    rows = (ys[None] - draws[:, _ERASE_Y, None]).abs() < half_h
    columns = (xs[None] - draws[:, _ERASE_X, None]).abs() < half_w
    chosen = _column(draws, _ERASE) < probability
    hit = (rows[:, :, None] & columns[:, None, :])[:, None] & chosen
    return torch.where(hit, x.mean((1, 2, 3), keepdim=True), x)


def _column(draws: Tensor, place: int) -> Tensor:
    """One number per image, to be combined with images: (N, 1, 1, 1)."""
    return draws[:, place, None, None, None]
