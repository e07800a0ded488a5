"""Several sources as one set, and how many images of each class and source a balanced one takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.data.faces import FaceSet


def balanced_mix(faces: FaceSet, seed: int = 0) -> FaceSet:
    """As many images of every class, and within each class as evenly from all sources as they allow.

    This is the kind of mix that Swin-SE-ResNet was trained on (its section 3 and table 3: images of one class from
    FER2013 and AffectNet are merged and sampled to even classes). The smallest class sets the number, nothing is
    repeated, and a class without any image stays empty. The images keep their order.
    """
    counts = np.bincount(faces.labels, minlength=len(faces.label_names))
    quota = int(counts[counts > 0].min())
    rng = np.random.default_rng(seed)
    chosen = [_from_class(faces, label, quota, rng) for label in np.flatnonzero(counts)]
    return faces.take(np.sort(np.concatenate(chosen)))


def _from_class(faces: FaceSet, label: np.intp, quota: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places of ``quota`` images of one class, the same number from each source as long as it has them."""
    own = [
        np.flatnonzero((faces.labels == label) & (faces.source_of == source)) for source in range(len(faces.sources))
    ]
    shares = even_shares([len(places) for places in own], quota)
    picked = [rng.choice(places, share, replace=False) for places, share in zip(own, shares, strict=True)]
    return np.concatenate(picked).astype(np.int64)


def even_shares(available: list[int], total: int) -> list[int]:
    """Splits ``total`` over pools as evenly as they allow; what a small pool lacks the others give.

    >>> even_shares([1, 9, 9], 9)
    [1, 4, 4]
    """
    shares = [0] * len(available)
    left = total
    # From the smallest pool to the largest, each gives its even share of what is still wanted, or all it has.
    for done, place in enumerate(sorted(range(len(available)), key=available.__getitem__)):
        shares[place] = min(available[place], left // (len(available) - done))
        left -= shares[place]
    return shares
