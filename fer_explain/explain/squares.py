"""Squares that hide a face piece by piece, and the face without each of them."""

from __future__ import annotations

import torch
from torch import Tensor

from fer_explain.explain.hiding import FILLED, fill_in, hide, references


def times(reference: str) -> int:
    """How many pictures there are of a face without one square, for a reference of that kind."""
    return 2 if reference in ("both", "filled-blurred") else 1


def without_squares(face: Tensor, size: float, density: float, reference: str) -> list[Tensor]:
    """The face (1, C, S, S) without each of the :func:`squares` (n, C, S, S), once for each picture that hides.

    Args:
        face: in the network's scale.
        size: as for :func:`squares`, as is ``density``.
        reference: one of :data:`.hiding.REFERENCES` or :data:`.hiding.FILLED`.
    """
    filled = [filled_squares(face, size, density)] if reference in FILLED else []
    if reference == "filled":
        return filled
    masks = squares(size, density, face.shape[-1]).to(face.device)
    pictures = references(face, "blurred" if filled else reference)
    return [*filled, *(hide(face, masks, picture) for picture in pictures)]


def filled_squares(face: Tensor, size: float, density: float) -> Tensor:
    """The face (1, C, S, S) with one square after the other filled in from its border: (n, C, S, S)."""
    starts, width = _starts(size, density, face.shape[-1]), _width(size, face.shape[-1])
    places = [(..., slice(top, top + width), slice(left, left + width)) for top in starts for left in starts]
    images = face.repeat(len(places), 1, 1, 1)
    for image, place, patch in zip(images, places, fill_in(torch.cat([face[place] for place in places])), strict=True):
        image[place] = patch
    return images


def squares(size: float, density: float, side: int) -> Tensor:
    """Masks (n, side, side), true inside a square; together they hide every place."""
    starts, width = _starts(size, density, side), _width(size, side)
    places = torch.arange(side)
    bands = torch.stack([(places >= start) & (places < start + width) for start in starts])
    return (bands[:, None, :, None] & bands[None, :, None, :]).flatten(0, 1)


def _width(size: float, side: int) -> int:
    return max(1, round(size * side))


def _starts(size: float, density: float, side: int) -> list[int]:
    """Where the squares begin along one side, evenly from border to border."""
    width = _width(size, side)
    count = 1 + -(-(side - width) * density // width)
    return torch.linspace(0, side - width, int(count)).round().int().tolist()
