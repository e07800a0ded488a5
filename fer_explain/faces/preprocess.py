"""From pixels to a network's input and back: the one evaluation transform, used by the app and by training alike."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_explain.types import Face, InputSpec, Pixels

# ITU-R BT.601, the weights behind Pillow's "L" and so behind FER2013's gray values.
_LUMA = (0.299, 0.587, 0.114)


def preprocess(face: Face, spec: InputSpec) -> Tensor:
    """The input (1, C, S, S) float32 that a network with ``spec`` gets for one face."""
    return to_batch(face.pixels[None], spec)


def to_batch(images: Pixels | Tensor, spec: InputSpec, device: str | torch.device = "cpu") -> Tensor:
    """Images uint8 (N, H, W) or (N, H, W, 3) RGB -> normalised float32 (N, C, S, S).

    Scaled to 0..1, turned gray when the network was trained on gray faces, resized with anti-aliasing, then normalised.

    Raises:
        ValueError: not uint8, or neither shape.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(images)) if isinstance(images, np.ndarray) else images
    if pixels.dtype != torch.uint8 or pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[-1] != 3):
        raise ValueError(f"expected uint8 (N, H, W) or (N, H, W, 3), got {pixels.dtype} {tuple(pixels.shape)}")
    x = pixels.to(device).float() / 255
    x = x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)
    if spec.gray or spec.channels == 1:
        x = to_gray(x)
    return normalize(resize(x, spec), spec)


def to_gray(x: Tensor) -> Tensor:
    """Images (N, 1 or 3, H, W) to (N, 1, H, W)."""
    return x if x.shape[1] == 1 else (x * x.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def resize(x: Tensor, spec: InputSpec) -> Tensor:
    """Images (N, c, H, W) in 0..1 to (N, c, S, S) in 0..1."""
    if x.shape[-2:] == (spec.size, spec.size):
        return x
    resized = F.interpolate(x, (spec.size, spec.size), mode=spec.interpolation, antialias=True, align_corners=False)
    return resized.clamp(0, 1)  # bicubic overshoots


def normalize(x: Tensor, spec: InputSpec) -> Tensor:
    """Images (N, 1 or C, S, S) in 0..1 to a network's input (N, C, S, S): (x - mean) / std per channel."""
    mean, std = (x.new_tensor(values)[:, None, None] for values in (spec.mean, spec.std))
    return (x - mean) / std


def to_image(x: Tensor, spec: InputSpec) -> Pixels:
    """Network inputs (N, C, S, S) back to pictures uint8 (N, S, S, 3)."""
    mean, std = (x.new_tensor(values)[:, None, None] for values in (spec.mean, spec.std))
    images = (x.detach().float() * std + mean).clamp(0, 1).mul(255).round().byte()
    pixels: Pixels = images.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return pixels
