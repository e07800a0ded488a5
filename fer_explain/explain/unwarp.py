"""Carries maps from the frame an explanation lives in to the crop and to the photo, where people look at them.

All steps are affine: photo pixel p -> crop position q = to_photo^-1 p -> warped position r = theta^-1 q (see
:mod:`fer_explain.types` for the coordinates). They are composed first, then the map is sampled once, at r, with the
convention in which the spatial transformer itself samples.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from fer_explain.types import Face, Floats, Frame, Warp

Mask = NDArray[np.bool_]
_Matrix = NDArray[np.float64]

_IDENTITY: _Matrix = np.eye(3)
# A window with less than a millionth of the crop's area holds nothing that could be drawn.
_SINGULAR = 1e-6


def to_photo(
    values: Floats, frame: Frame, face: Face, warp: Warp | None, shape: tuple[int, int]
) -> tuple[Floats, Mask]:
    """A map as it lies on the photo.

    Args:
        values: (H, W) over ``frame``, at any resolution.
        frame: where the map lies; a map in ``"photo"`` is returned as it is.
        face: gives the crop's place on the photo.
        warp: what the spatial transformer did; needed for ``"warped"`` only.
        shape: height and width of the photo in pixels.

    Returns:
        The map over the photo, float32 (height, width), 0 where there is none, and the pixels that have one, bool
        (height, width). A spatial transformer that collapsed the face to a line leaves an empty map.

    Raises:
        ValueError: a ``"warped"`` map without a warp, or a ``"photo"`` map of another shape.
    """
    if frame == "photo":
        if values.shape != shape:
            raise ValueError(f"a map over the photo should have its shape {shape}, has {values.shape}")
        return values, np.ones(shape, dtype=np.bool_)
    result, mask = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.bool_)
    # Only the pixels around the face are sampled: a photo may have twenty million of them.
    x0, y0 = np.floor(face.corners.min(axis=0)).astype(int).clip(0, shape[::-1]).tolist()
    x1, y1 = np.ceil(face.corners.max(axis=0)).astype(int).clip(0, shape[::-1]).tolist()
    if x1 > x0 and y1 > y0:
        to_pixels = _square([[(x1 - x0) / 2, 0, (x1 + x0) / 2], [0, (y1 - y0) / 2, (y1 + y0) / 2]])
        to_crop_position = np.linalg.inv(_square(face.to_photo)) @ to_pixels
        window = np.s_[y0:y1, x0:x1]
        result[window], mask[window] = _sample(values, to_crop_position, _theta(frame, warp), (y1 - y0, x1 - x0))
    return result, mask


def to_crop(values: Floats, frame: Frame, warp: Warp | None, shape: tuple[int, int]) -> tuple[Floats, Mask]:
    """A map as it lies on the crop, drawn with ``shape`` (height, width) pixels; otherwise like :func:`to_photo`.

    Raises:
        ValueError: a ``"photo"`` map, which has no place on the crop, or a ``"warped"`` map without a warp.
    """
    if frame == "photo":
        raise ValueError("a map over the photo is not carried to the crop")
    return _sample(values, _IDENTITY, _theta(frame, warp), shape)


def _sample(values: Floats, to_crop_position: _Matrix, theta: _Matrix, shape: tuple[int, int]) -> tuple[Floats, Mask]:
    """Samples a map at the pixels of a window, whose normalised positions ``to_crop_position`` maps to the crop's."""
    if abs(np.linalg.det(theta)) < _SINGULAR:
        return np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.bool_)
    on_crop = _positions(to_crop_position, shape)
    on_map = _positions(np.linalg.inv(theta) @ to_crop_position, shape)
    pixels = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
    # The border is repeated so that the outermost half pixel does not fade; the mask cuts off what lies beyond. What
    # the spatial transformer took from beyond the crop was black padding, not photo: cut off as well.
    sampled = F.grid_sample(pixels[None, None], on_map, padding_mode="border", align_corners=False)[0, 0]
    mask = ((on_crop.abs() <= 1) & (on_map.abs() <= 1)).all(dim=-1)[0]
    return (sampled * mask).numpy(), mask.numpy()


def _positions(matrix: _Matrix, shape: tuple[int, int]) -> Tensor:
    """Where the pixel centres of a window lie (1, height, width, 2), given the map (3, 3) from its own coordinates."""
    affine = torch.from_numpy(matrix[None, :2].astype(np.float32))
    return F.affine_grid(affine, [1, 1, *shape], align_corners=False)


def _theta(frame: Frame, warp: Warp | None) -> _Matrix:
    """The map (3, 3) from the frame of a map to the crop."""
    if frame == "crop":
        return _IDENTITY
    if warp is None:
        raise ValueError("a map in the warped frame needs the warp it lies behind")
    return _square(warp.theta)


def _square(affine: ArrayLike) -> _Matrix:
    """An affine map (2, 3) as a matrix (3, 3) that can be multiplied and inverted."""
    return np.vstack([np.asarray(affine, dtype=np.float64), [0, 0, 1]])
