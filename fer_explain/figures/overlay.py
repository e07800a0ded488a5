"""Pictures that lie over a photo: the heat map as a layer, and blended into it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_explain.figures.colormap import colorize
from fer_explain.types import Floats, Pixels


class Layer(NamedTuple):
    """A picture over part of a photo: uint8 (h, w, 4) RGBA whose top-left pixel is the photo's pixel (x, y)."""

    pixels: Pixels
    x: int
    y: int


def heat_layer(values: Floats, mask: NDArray[np.bool_], *, signed: bool = False) -> Layer | None:
    """A heat map in its colours, opaque where there is one and transparent elsewhere.

    Args:
        values: (H, W) over the photo, in 0..1, or in -1..1 when ``signed``.
        mask: (H, W), the pixels that have a value.
        signed: whether the map also holds evidence against the class.

    Returns:
        The smallest layer that holds the map; None for an empty mask.

    Raises:
        ValueError: the two differ in shape.
    """
    if values.shape != mask.shape:
        raise ValueError(f"the map has shape {values.shape}, its mask {mask.shape}")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    y, x = int(rows[0]), int(columns[0])
    window = np.s_[y : int(rows[-1]) + 1, x : int(columns[-1]) + 1]
    alpha = np.where(mask[window], 255, 0).astype(np.uint8)
    return Layer(np.dstack([colorize(values[window], signed=signed), alpha]), x, y)


def blend(photo: Pixels, layer: Layer | None, opacity: float = 0.55) -> Pixels:
    """The photo (H, W, 3) with a layer over it at an opacity in 0..1, as a new uint8 picture."""
    picture = photo.copy()
    if layer is None:
        return picture
    height, width = layer.pixels.shape[:2]
    window = np.s_[layer.y : layer.y + height, layer.x : layer.x + width]
    alpha = layer.pixels[..., 3:].astype(np.float32) / 255 * opacity
    mixed = picture[window] * (1 - alpha) + layer.pixels[..., :3] * alpha
    picture[window] = mixed.round().astype(np.uint8)
    return picture
