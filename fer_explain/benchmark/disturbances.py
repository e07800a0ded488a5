"""The seeded suite of disturbances: what cameras, light and framing do to a face, each in up to three strengths.

In the manner of Hendrycks and Dietterich 2019 (*Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations*). Chance is drawn for each face by its own key, so a face is disturbed alike alone and in a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from fer_explain.errors import FerError
from fer_explain.types import Pixels

SEED: Final = 0
_BILINEAR: Final = InterpolationMode.BILINEAR
_WAYS: Final = ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1))  # (right, down)

# Images (N, C, H, W) in 0..1, how much, and one random source per image -> images of the same shape.
Apply = Callable[[Tensor, float, Sequence[np.random.Generator]], Tensor]


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One way to disturb a face.

    Attributes:
        name: what it is called in files and texts.
        amounts: how much, from mild to strong; 0 where there is only one way.
        unit: what the amounts are.
        apply: does it.
    """

    name: str
    amounts: tuple[float, ...]
    unit: str
    apply: Apply


def disturb(images: Pixels, name: str, strength: int, keys: Sequence[int] | None = None, seed: int = SEED) -> Pixels:
    """Faces under one disturbance.

    Args:
        images: uint8 (N, H, W) gray or (N, H, W, 3).
        name: one of :data:`SUITE`.
        strength: 1 (mild) to the number of its amounts.
        keys: a number for each face, which decides what chance does to it; its place where left out.
        seed: another one gives another draw of directions and noise.

    Returns:
        uint8 of the same shape.

    Raises:
        FerError: there is no such disturbance or strength.
    """
    if name not in SUITE:
        raise FerError(f"There is no disturbance '{name}'; known are {', '.join(SUITE)}.")
    one = SUITE[name]
    if not 1 <= strength <= len(one.amounts):
        raise FerError(f"The disturbance '{name}' has strengths 1 to {len(one.amounts)}, got {strength}.")
    if not len(images):
        return images
    place = list(SUITE).index(name)
    chance = [np.random.default_rng((seed, place, int(key))) for key in (range(len(images)) if keys is None else keys)]
    pixels = torch.from_numpy(np.ascontiguousarray(images))
    x = (pixels[:, None] if images.ndim == 3 else pixels.permute(0, 3, 1, 2)).float() / 255
    y = (one.apply(x, one.amounts[strength - 1], chance).clamp(0, 1) * 255).round().byte()
    return np.ascontiguousarray((y[:, 0] if images.ndim == 3 else y.permute(0, 2, 3, 1)).numpy())


def reframe(x: Tensor, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0), angle: float = 0.0) -> Tensor:
    """Images (N, C, H, W) seen through another frame; what lies beyond the border repeats the border's pixels.

    Args:
        x: the images.
        scale: above 1 the face grows.
        shift: of the face, (right, down) in fractions of the sides.
        angle: of the face, in degrees clockwise on screen.
    """
    height, width = x.shape[-2:]
    room = math.ceil(max(height, width) * 0.75)
    padded = tv.pad(x, [room], padding_mode="edge")
    offset = [shift[0] * width, shift[1] * height]
    moved = tv.affine(padded, angle, offset, scale, [0.0, 0.0], interpolation=_BILINEAR)  # type: ignore[arg-type]
    cut: Tensor = tv.center_crop(moved, [height, width])
    return cut


def _each_way(x: Tensor, drawn: Sequence[int], move: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Moves the images that drew the same way as one batch."""
    result, ways = torch.empty_like(x), torch.tensor(drawn)
    for way in sorted(set(drawn)):
        result[ways == way] = move(x[ways == way], way)
    return result


def _shifted(x: Tensor, amount: float, chance: Sequence[np.random.Generator]) -> Tensor:
    drawn = [int(one.integers(len(_WAYS))) for one in chance]
    return _each_way(x, drawn, lambda part, way: reframe(part, shift=_step(way, amount)))


def _step(way: int, length: float) -> tuple[float, float]:
    right, down = _WAYS[way]
    norm = math.hypot(right, down)
    return length * right / norm, length * down / norm


def _turned(x: Tensor, amount: float, chance: Sequence[np.random.Generator]) -> Tensor:
    drawn = [int(one.integers(2)) for one in chance]
    return _each_way(x, drawn, lambda part, way: reframe(part, angle=amount if way else -amount))


def _lit_from_a_side(x: Tensor, amount: float, chance: Sequence[np.random.Generator]) -> Tensor:
    """A light that grows evenly from 1 - amount to 1 + amount across the face."""
    angles = torch.tensor([one.uniform(0, 2 * math.pi) for one in chance], dtype=x.dtype)[:, None, None]
    down, right = (torch.linspace(-1, 1, side, dtype=x.dtype) for side in x.shape[-2:])
    ramp = angles.cos() * right[None, None, :] + angles.sin() * down[None, :, None]
    return x * (1 + amount * ramp.clamp(-1, 1))[:, None]


def _blurred(x: Tensor, amount: float, _: Sequence[np.random.Generator]) -> Tensor:
    sigma = amount * max(x.shape[-2:])
    reach = min(math.ceil(3 * sigma), min(x.shape[-2:]) - 1)  # reflection needs a pixel more than the kernel reaches
    blurred: Tensor = tv.gaussian_blur(x, [2 * reach + 1, 2 * reach + 1], [sigma, sigma])
    return blurred


def _noisy(x: Tensor, amount: float, chance: Sequence[np.random.Generator]) -> Tensor:
    noise = np.stack([one.standard_normal(tuple(x.shape[1:]), dtype=np.float32) for one in chance])
    return x + amount / 255 * torch.from_numpy(noise)


def _jpeg(x: Tensor, amount: float, _: Sequence[np.random.Generator]) -> Tensor:
    coded: Tensor = tv.jpeg((x * 255).round().byte(), int(amount))
    return coded.float() / 255


def _reduced(x: Tensor, amount: float, _: Sequence[np.random.Generator]) -> Tensor:
    height, width = x.shape[-2:]
    factor = min(1.0, amount / max(height, width))
    small = tv.resize(x, [max(1, round(height * factor)), max(1, round(width * factor))], _BILINEAR, antialias=True)
    large: Tensor = tv.resize(small, [height, width], _BILINEAR)
    return large


def _hidden(x: Tensor, top: float, share: float) -> Tensor:
    """Covers a share of the height, from ``top`` (0..1) on, with mid-gray."""
    height, width = x.shape[-2:]
    covered: Tensor = tv.erase(x, round(top * height), 0, round(share * height), width, torch.full((1, 1, 1), 0.5))
    return covered


_ALL: Final = (
    Disturbance("frame_in", (1.07, 1.15, 1.3), "times larger", lambda x, by, _: reframe(x, scale=by)),
    Disturbance("frame_out", (0.93, 0.87, 0.75), "times larger", lambda x, by, _: reframe(x, scale=by)),
    Disturbance("shift", (0.04, 0.08, 0.12), "of the side", _shifted),
    Disturbance("rotation", (7, 15, 20), "degrees", _turned),
    Disturbance("dark", (0.7, 0.5, 0.3), "times the light", lambda x, by, _: x * by),
    Disturbance("bright", (1.25, 1.5, 2.0), "times the light", lambda x, by, _: (x * by).clamp(0, 1)),
    Disturbance("low_contrast", (0.6, 0.4, 0.25), "of the contrast", lambda x, by, _: tv.adjust_contrast(x, by)),
    Disturbance("uneven_light", (0.3, 0.5, 0.7), "of the light, more and less", _lit_from_a_side),
    Disturbance("blur", (0.008, 0.015, 0.023), "of the side, standard deviation", _blurred),
    Disturbance("noise", (5, 10, 15), "of 255, standard deviation", _noisy),
    Disturbance("jpeg", (50, 30, 15), "quality", _jpeg),
    Disturbance("low_resolution", (36, 28, 20), "pixels", _reduced),
    Disturbance("mirrored", (0,), "", lambda x, _by, _chance: tv.horizontal_flip(x)),
    Disturbance("upper_hidden", (0.2, 0.35, 0.5), "of the height", lambda x, by, _: _hidden(x, 0.0, by)),
    Disturbance("lower_hidden", (0.2, 0.35, 0.5), "of the height", lambda x, by, _: _hidden(x, 1.0 - by, by)),
)
SUITE: Final = MappingProxyType({one.name: one for one in _ALL})
