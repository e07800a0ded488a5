"""Exact and near duplicates within one set of faces or across two: copies, mirrored, shifted, re-lit, re-compressed.

Two steps. A *signature* of 64 numbers per face, whitened so that what all faces share counts little, finds candidates
among all pairs by a matrix product; each candidate is then *judged* by the normalised cross-correlation (NCC; Lewis
1995, "Fast normalized cross-correlation") of the two faces' detail, at the best mirroring and shift of up to 4 pixels.
Detail is what a Gaussian blur takes away. All faces lit from one side are alike without it, and two strangers under
the same light would pass for one photo.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from fer_explain.types import Pixels
from training.data.faces import FaceSet

SIDE: Final = 48  # pixels; every face is compared at this size
REACH: Final = 4  # the largest shift in pixels
THRESHOLD: Final = 0.7  # smallest NCC of near duplicates; docs/audit_fer2013 says why

_BLUR: Final = 3.0  # standard deviation in pixels at 48 x 48; coarser than it is light, finer is detail

_COLUMNS: Final = {
    "a": "int64",
    "b": "int64",
    "kind": "str",
    "similarity": "float64",
    "mirrored": "bool",
    "down": "int64",
    "right": "int64",
}
_COARSE: Final = (-3, 0, 3)  # shifts whose signatures are compared; one pixel around each is searched when judging
_FINE: Final = (-1, 0, 1)
_GRID: Final = 10  # a signature starts from the means of 10 x 10 cells
_DIMENSIONS: Final = 64
_FLOOR: Final = 2e-4  # variance that whitening takes for noise: twice that of noise of 20 gray levels per pixel
_CANDIDATE: Final = 0.6  # smallest cosine of two signatures to be judged
_FLAT: Final = 2.0  # gray levels; a face of less contrast has no pattern to compare
_ROWS: Final = 1024  # faces per block, so that a block of cosines stays small
_FITTED_ON: Final = 2048  # faces the whitening is fitted to, at most


def near_duplicates(a: FaceSet, b: FaceSet | None = None, *, threshold: float = THRESHOLD) -> pd.DataFrame:
    """All pairs of duplicates within ``a``, or between ``a`` and ``b``.

    Returns:
        One row per pair: ``a``, ``b`` (places in the sets; within one set a < b), ``kind`` (``exact``: identical
        pixels, maybe mirrored; ``near``), ``similarity`` (NCC of their detail, threshold..1), ``mirrored``, and
        ``down``, ``right`` (how far the content of ``a`` lies from that of ``b``, pixels at 48 x 48, -4..4).
    """
    if b is not None and len(a) > len(b):  # one way round only, so that what leaks out of a set leaks into the other
        return _swapped(near_duplicates(b, a, threshold=threshold))
    x = as_gray(a.images)
    y = x if b is None else as_gray(b.images)
    found = [_exact(a.images, None if b is None else b.images)]
    if len(x) and len(y):
        found += _near(x, y, within=b is None, threshold=threshold)
    pairs = pd.concat(found, ignore_index=True).sort_values("similarity", ascending=False, kind="stable")
    # An exact pair comes first of its kind, and each near pair at its best mirroring and shift.
    return pairs.drop_duplicates(["a", "b"]).sort_values(["a", "b"]).reset_index(drop=True)


def _swapped(pairs: pd.DataFrame) -> pd.DataFrame:
    """The same pairs told from the other side."""
    told = pairs.rename(columns={"a": "b", "b": "a"})[list(_COLUMNS)]
    told["down"] *= -1
    told["right"] = told["right"].where(told["mirrored"], -told["right"])  # in a mirror, right stays right
    return told.sort_values(["a", "b"]).reset_index(drop=True)


def leaks(train: FaceSet, other: FaceSet, *, threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Which faces of ``train`` (N,) have an exact or near duplicate in ``other``."""
    return np.isin(np.arange(len(train)), near_duplicates(train, other, threshold=threshold)["a"])


def leaked(test: FaceSet, train: FaceSet, *, threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Which faces of ``test`` (N,) have an exact or near duplicate in ``train``: the test faces that are no test."""
    return leaks(test, train, threshold=threshold)


def drop_leaks(train: FaceSet, others: Sequence[FaceSet]) -> tuple[FaceSet, int]:
    """``train`` without the faces that match validation or test, and how many those were."""
    matched = np.zeros(len(train), np.bool_)
    for other in others:
        matched |= leaks(train, other)
    return train.take(np.flatnonzero(~matched)), int(matched.sum())


def duplicate_groups(pairs: pd.DataFrame, n: int) -> NDArray[np.int64]:
    """The group (N,) each of ``n`` faces belongs to, so that duplicates of duplicates stay together."""
    graph = coo_array((np.ones(len(pairs)), (pairs["a"], pairs["b"])), shape=(n, n))
    groups: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return groups


def as_gray(images: Pixels) -> Tensor:
    """Faces uint8 (N, H, W[, 3]) as gray uint8 (N, 48, 48)."""
    x = torch.from_numpy(np.ascontiguousarray(images))
    if x.ndim == 3 and x.shape[1:] == (SIDE, SIDE):
        return x
    return torch.cat([_reduce(block) for block in blocks(x)]) if len(x) else x.new_zeros(0, SIDE, SIDE)


def _reduce(block: Tensor) -> Tensor:
    gray = block.float() if block.ndim == 3 else block.float() @ torch.tensor([0.299, 0.587, 0.114])  # ITU-R BT.601
    resized = F.interpolate(gray[:, None], (SIDE, SIDE), mode="bilinear", antialias=True)[:, 0]
    return resized.round().clamp(0, 255).to(torch.uint8)


def _exact(a: Pixels, b: Pixels | None) -> pd.DataFrame:
    places: dict[bytes, list[int]] = defaultdict(list)
    for place, image in enumerate(a if b is None else b):
        places[image.tobytes()].append(place)
    pairs = [
        (i, j, "exact", 1.0, mirrored, 0, 0)
        for i, image in enumerate(a)
        for mirrored, key in ((False, image.tobytes()), (True, image[:, ::-1].tobytes()))
        for j in places.get(key, ())
        if b is not None or i < j
    ]
    return pd.DataFrame(pairs, columns=list(_COLUMNS)).astype(_COLUMNS)  # an empty table has no types of its own


@dataclass(frozen=True, slots=True)
class _Pose:
    """How a face of the first set is held against those of the second."""

    mirrored: bool
    down: int
    right: int


def _near(x: Tensor, y: Tensor, *, within: bool, threshold: float) -> Iterator[pd.DataFrame]:
    """Near duplicates of faces uint8 (N, 48, 48) and (M, 48, 48), pose by pose; a pair may come several times."""
    whitening = _Whitening.fit(y if within else torch.cat([x, y]))
    targets, fine_y = whitening.of(y, 0, 0), _detail(y)
    fine_x = fine_y if within else _detail(x)
    for mirrored in (False, True):
        held, fine = (x.flip(-1), fine_x.flip(-1)) if mirrored else (x, fine_x)
        for down, right in product(_COARSE, _COARSE):
            i, j = _candidates(whitening.of(held, down, right), targets, within=within)
            yield _judge(fine, fine_y, i, j, _Pose(mirrored, down, right), threshold)


def blocks(x: Tensor) -> list[Tensor]:
    """A large tensor (N, ...) in views of at most 1,024 rows."""
    return [x[start : start + _ROWS] for start in range(0, max(1, len(x)), _ROWS)]


def _detail(x: Tensor) -> Tensor:
    """Faces (N, 48, 48) less their blurred selves, as float16 to hold large sets."""
    size = 2 * math.ceil(3 * _BLUR) + 1
    return torch.cat(
        [(block - gaussian_blur(block, [size, size], [_BLUR])).half() for block in map(Tensor.float, blocks(x))]
    )


def _candidates(x: Tensor, y: Tensor, *, within: bool) -> tuple[Tensor, Tensor]:
    """Places of all pairs whose signatures (N, 64) and (M, 64) have a large cosine; within one set each pair once."""
    first, second = [], []
    for start in range(0, len(x), _ROWS):
        skipped = start if within else 0
        i, j = (x[start : start + _ROWS] @ y[skipped:].T > _CANDIDATE).nonzero(as_tuple=True)
        keep = i < j if within else slice(None)
        first.append(i[keep] + start)
        second.append(j[keep] + skipped)
    return torch.cat(first), torch.cat(second)


def _judge(x: Tensor, y: Tensor, i: Tensor, j: Tensor, pose: _Pose, threshold: float) -> pd.DataFrame:
    """The candidates (P,) whose NCC at one of the nine shifts around ``pose`` reaches the threshold."""
    shifts = [(pose.down + down, pose.right + right) for down, right in product(_FINE, _FINE)]
    best = [_correlations(x[some], y[other], shifts) for some, other in zip(blocks(i), blocks(j), strict=True)]
    similarity, place = (torch.cat(values) for values in zip(*best, strict=True))
    keep = similarity >= threshold
    offsets = torch.tensor(shifts)[place[keep]]
    columns = {
        "a": i[keep].numpy(),
        "b": j[keep].numpy(),
        "kind": "near",
        "similarity": similarity[keep].numpy().clip(max=1.0),
        "mirrored": pose.mirrored,
        "down": offsets[:, 0].numpy(),
        "right": offsets[:, 1].numpy(),
    }
    return pd.DataFrame(columns).astype(_COLUMNS)


def _correlations(x: Tensor, y: Tensor, shifts: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """The largest NCC (P,) of details (P, 48, 48) over the shifts, and the place (P,) of that shift."""
    target = _centred(_window(y, 0, 0).flatten(1))
    scores = torch.stack([(_centred(_window(x, *shift).flatten(1)) * target).sum(1) for shift in shifts])
    similarity, place = scores.max(0)
    return similarity, place


def _window(x: Tensor, down: int, right: int) -> Tensor:
    """The middle 40 x 40 pixels, moved down and right: (N, 48, 48) -> float (N, 40, 40)."""
    top, left = REACH + down, REACH + right
    inner = SIDE - 2 * REACH
    return x[:, top : top + inner, left : left + inner].float()


def _centred(values: Tensor) -> Tensor:
    """Rows (N, D) less their mean, of length 1; a flat row is all 0, so that it resembles nothing."""
    centred = values - values.mean(1, keepdim=True)
    length = centred.norm(dim=1, keepdim=True)
    return torch.where(length > _FLAT * values.shape[1] ** 0.5, centred / length.clamp(min=1e-6), 0.0)


@dataclass(frozen=True, slots=True)
class _Whitening:
    """Signatures: cell means, less the average face, in the set's principal axes, each scaled to unit variance."""

    mean: Tensor
    axes: Tensor

    @classmethod
    def fit(cls, x: Tensor) -> _Whitening:
        """Fits faces (N, 48, 48); axes of little variance are scaled as noise."""
        some = x[:: max(1, len(x) // _FITTED_ON)]
        # Shifted windows too: whitened by few faces alone, a face would hardly resemble itself one pixel away.
        cells = torch.cat([_cells(some, down, right) for down, right in product(_COARSE, _COARSE)])
        mean = cells.mean(0)
        variances, axes = torch.linalg.eigh((cells - mean).T @ (cells - mean) / len(cells))
        return cls(mean, (axes / (variances.clamp(min=0) + _FLOOR).sqrt())[:, -_DIMENSIONS:])

    def of(self, x: Tensor, down: int, right: int) -> Tensor:
        """Signatures (N, 64) of length 1 of the faces' shifted windows."""
        signatures = torch.cat([(_cells(block, down, right) - self.mean) @ self.axes for block in blocks(x)])
        return F.normalize(signatures)


def _cells(x: Tensor, down: int, right: int) -> Tensor:
    """Cell means (N, 100) of the faces' shifted windows, centred and of length 1."""
    return _centred(F.adaptive_avg_pool2d(_window(x, down, right)[:, None], _GRID).flatten(1))
