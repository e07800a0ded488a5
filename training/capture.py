"""What a camera does to a face, per image and on the device: light, focus, resolution, noise, compression, obstacles.

Each disturbance hits a share ``capture`` of the images, with a strength drawn evenly up to the option's value. They
come in the order in which a phone brings them about: colour and light in front of the lens, focus in it, resolution and
noise on the sensor, compression behind it, and last what hides a part of the face. torchvision's v2 transforms are not
used for the reason given in :mod:`training.augment`; its JPEG runs on the CPU, image by image.

The kinds of disturbance follow Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations"; the strengths are for faces of 20 px and more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import TrainConfig

# What each number of a row of draws decides: first whether a disturbance happens, then how.
_HITS: Final = ("cast", "gamma", "exposure", "uneven", "defocus", "low_resolution", "noise", "jpeg", "hide", "hat")
_RED, _GREEN, _BLUE, _GAMMA, _EXPOSURE, _SLOPE, _DIRECTION, _DEFOCUS, _SIDE = range(10, 19)
_SENSOR, _NOISE, _NOISE_Y, _NOISE_X, _QUALITY, _HIDDEN, _BORDER, _SHADE, _HAT = range(19, 28)
CAPTURE_DRAWS: Final = 28
_GROWING: Final = (_EXPOSURE, _SLOPE, _DEFOCUS, _NOISE, _QUALITY, _HIDDEN, _HAT)  # columns: 1 is strongest

_BANK: Final = 512  # side of the field of noise that every image takes its window from
_STEPS: Final = 4  # sides a face is reduced to, from the smallest to just below the whole
_LUMINANCE: Final = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)  # ITU-T T.81, table K.1


def capture(x: Tensor, draws: Tensor, config: TrainConfig) -> Tensor:
    """Images (N, c, S, S) in 0..1 as a camera might have taken them, again in 0..1.

    Args:
        x: float, gray (c = 1) or colour (c = 3).
        draws: (N, CAPTURE_DRAWS) in 0..1, one row per image.
        config: how often and how strongly.
    """
    draws = _strengthened(draws, config.strong) if config.strong else draws
    if config.cast and x.shape[1] == 3:
        x = _where(x, draws, config, "cast", 1 + config.cast * _even(draws[:, _RED : _BLUE + 1])[:, :, None, None])
    if config.gamma:
        exponent = torch.exp(_even(_column(draws, _GAMMA)) * math.log1p(config.gamma))
        x = torch.where(_hit(draws, config, "gamma"), x.clamp(min=1e-4) ** exponent, x)
    if config.exposure:  # what is white then stays white: its detail is lost
        x = _where(x, draws, config, "exposure", 1 + config.exposure * _column(draws, _EXPOSURE))
    if config.uneven:
        x = _where(x, draws, config, "uneven", _slope(x, draws, config.uneven))
    if config.defocus:
        sigma = _column(draws, _DEFOCUS) * config.defocus * x.shape[-1]
        x = torch.where(_hit(draws, config, "defocus"), blurred(x, sigma, config.defocus * x.shape[-1]), x)
    if config.low_resolution:
        step, hit = _column(draws, _SIDE), _hit(draws, config, "low_resolution")
        x = _on_smaller(x, config.low_resolution, step, hit, lambda small: small)
    if config.sensor:
        hit = _hit(draws, config, "noise") | _hit(draws, config, "jpeg")
        x = _on_smaller(x, config.sensor, _column(draws, _SENSOR), hit, lambda small: _coded(small, draws, config))
    else:
        x = _coded(x, draws, config)
    x = _hidden(x, draws, config) if config.hide else x
    return _under_a_hat(x, draws, config) if config.hat else x.clamp(0, 1)


def blurred(x: Tensor, sigma: Tensor, largest: float) -> Tensor:
    """Images (N, c, H, W) under Gaussians of ``sigma`` (N, 1, 1, 1) pixels, at most ``largest``; borders repeat."""
    reach = max(1, math.ceil(2.5 * largest))
    offsets = torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype)
    weights = torch.exp(-0.5 * (offsets / sigma.clamp(min=0.05)).square())  # (N, 1, 1, taps)
    weights = weights / weights.sum(-1, keepdim=True)
    for axis in (-1, -2):
        pad = (reach, reach, 0, 0) if axis == -1 else (0, 0, reach, reach)
        wide, size = F.pad(x, pad, mode="replicate"), x.shape[axis]
        x = torch.stack([wide.narrow(axis, i, size) * weights[..., i, None] for i in range(len(offsets))]).sum(0)
    return x


def compressed(x: Tensor, quality: Tensor) -> Tensor:
    """Images (N, c, H, W) in 0..1 after JPEG's transform and rounding at ``quality`` (N, 1, 1, 1), 1..100.

    Every channel is treated like JPEG's luminance (ITU-T T.81, annex A and K; the scale of its table is libjpeg's).
    """
    n, channels, height, width = x.shape
    wide = F.pad(x * 255 - 128, (0, -width % 8, 0, -height % 8), mode="replicate")
    rows, columns = wide.shape[-2] // 8, wide.shape[-1] // 8
    blocks = wide.reshape(n, channels, rows, 8, columns, 8).transpose(3, 4)
    basis = _dct(x.device).to(x.dtype)
    scale = torch.where(quality < 50, 50 / quality.clamp(min=1), 2 - quality / 50)
    table = (x.new_tensor(_LUMINANCE) * scale + 0.5).floor().clamp(1, 255)[:, :, None, None]
    coefficients = ((basis @ blocks @ basis.T) / table).round() * table
    pixels = (basis.T @ coefficients @ basis).transpose(3, 4).reshape(n, channels, 8 * rows, 8 * columns)
    return ((pixels[..., :height, :width] + 128) / 255).clamp(0, 1)


@cache
def _dct(device: torch.device) -> Tensor:
    """The orthonormal 8-point cosine transform (8, 8)."""
    k, n = torch.arange(8.0)[:, None], torch.arange(8.0)[None]
    basis = torch.cos(math.pi * (2 * n + 1) * k / 16) / 2
    basis[0] /= math.sqrt(2)
    return basis.to(device)


def _slope(x: Tensor, draws: Tensor, amount: float) -> Tensor:
    """A factor (N, 1, S, S) that falls evenly across the face in a random direction."""
    angle = _column(draws, _DIRECTION) * 2 * math.pi
    line = torch.linspace(-1, 1, x.shape[-1], device=x.device)
    across = line[None, None, None] * torch.cos(angle) + line[None, None, :, None] * torch.sin(angle)
    return (1 + amount * _column(draws, _SLOPE) * across).clamp(min=0.1)


def _on_smaller(x: Tensor, smallest: int, step: Tensor, hit: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Images reduced to one of a few sides, changed there and enlarged again: those of a side are one call.

    Args:
        x: (N, c, S, S).
        smallest: of the sides, in pixels; nothing is reduced where it is S or more.
        step: (N, 1, 1, 1) in 0..1, which side.
        hit: (N, 1, 1, 1), which images.
        change: of images of the same shape at any side.
    """
    full = x.shape[-1]
    if smallest >= full:
        return torch.where(hit, change(x), x)
    index_of = (step * _STEPS).long()
    for index in range(_STEPS):
        side = round(smallest * (full / smallest) ** (index / _STEPS))
        small = F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
        again = F.interpolate(change(small), (full, full), mode="bilinear", align_corners=False)
        x = torch.where(hit & (index_of == index), again, x)
    return x


def _coded(x: Tensor, draws: Tensor, config: TrainConfig) -> Tensor:
    """What noise and compression make of images (N, c, S, S) of any side S."""
    if config.noise:
        amount = _column(draws, _NOISE) * config.noise * _hit(draws, config, "noise")
        x = (x + amount * _noise(x, draws)).clamp(0, 1)
    if config.jpeg:
        quality = 100 - _column(draws, _QUALITY) * (100 - config.jpeg)
        x = torch.where(_hit(draws, config, "jpeg"), compressed(x.clamp(0, 1), quality), x)
    return x


def _noise(x: Tensor, draws: Tensor) -> Tensor:
    """White noise of standard deviation 1 (N, 1, S, S): windows of one field, so that draws alone decide it."""
    size = x.shape[-1]
    field = _field(x.device, max(_BANK, 2 * size))
    room = field.shape[-1] - size
    ys, xs = ((draws[:, place] * room).long() for place in (_NOISE_Y, _NOISE_X))
    reach = torch.arange(size, device=x.device)
    return field[(ys[:, None] + reach)[:, :, None], (xs[:, None] + reach)[:, None, :]][:, None]


@cache
def _field(device: torch.device, side: int) -> Tensor:
    return torch.randn(side, side, generator=torch.Generator().manual_seed(0)).to(device)


def _hidden(x: Tensor, draws: Tensor, config: TrainConfig) -> Tensor:
    """Covers a strip along one of the four borders with an even shade: a hand, a scarf, hair, a hat."""
    size = x.shape[-1]
    line = (torch.arange(size, device=x.device) + 0.5) / size
    width, border = _column(draws, _HIDDEN) * config.hide, (_column(draws, _BORDER) * 4).long()
    from_start, from_end = line < width, line > 1 - width  # (N, 1, 1, S)
    strips = (from_start.mT, from_end.mT, from_start, from_end)
    covered = torch.zeros(len(x), 1, size, size, dtype=torch.bool, device=x.device)
    for index, strip in enumerate(strips):
        covered |= (border == index) & strip
    return torch.where(covered & _hit(draws, config, "hide"), _column(draws, _SHADE), x).clamp(0, 1)


def _under_a_hat(x: Tensor, draws: Tensor, config: TrainConfig) -> Tensor:
    """Covers the upper part with an even shade."""
    size = x.shape[-1]
    covered = (torch.arange(size, device=x.device)[:, None] + 0.5) / size < _column(draws, _HAT) * config.hat
    return torch.where(covered & _hit(draws, config, "hat"), _column(draws, _SHADE), x).clamp(0, 1)


def _strengthened(draws: Tensor, share: float) -> Tensor:
    """Draws of which a share has each strength at its full value, the others evenly below as before."""
    draws = draws.clone()
    draws[:, _SIDE] = 1 - draws[:, _SIDE]  # 0 is the smallest side
    columns = [*_GROWING, _SIDE]
    drawn = draws[:, columns]
    draws[:, columns] = torch.where(drawn < share, 1.0, (drawn - share) / (1 - share))
    draws[:, _SIDE] = 1 - draws[:, _SIDE]
    return draws


def _where(x: Tensor, draws: Tensor, config: TrainConfig, name: str, factor: Tensor) -> Tensor:
    return torch.where(_hit(draws, config, name), x * factor, x).clamp(0, 1)


def _hit(draws: Tensor, config: TrainConfig, name: str) -> Tensor:
    """Which images (N, 1, 1, 1) a disturbance happens to."""
    return _column(draws, _HITS.index(name)) < config.capture


def _even(draws: Tensor) -> Tensor:
    return draws * 2 - 1


def _column(draws: Tensor, place: int) -> Tensor:
    return draws[:, place, None, None, None]
