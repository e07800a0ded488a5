"""What the answers and the heat maps of several networks have in common; maps on the frame all share: the crop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from fer_explain.emotions import key_of
from fer_explain.types import FaceAnalysis, Floats, Prediction

SIZE = 64  # pixels of the common frame's side: finer than any map's own grid
TOP = 0.2  # share of the crop that counts as the most relevant part


def common_map(analysis: FaceAnalysis, size: int = SIZE) -> Floats:
    """A face's heat map over its crop, (size, size), on its raw scale; 0 where there is none.

    Raises:
        ValueError: the face has no heat map.
    """
    from fer_explain.explain.unwarp import to_crop

    heatmap = analysis.heatmap
    if heatmap is None:
        raise ValueError("only faces with a heat map can be compared by it")
    values, _ = to_crop(heatmap.values, heatmap.frame, analysis.warp, (size, size))
    scaled: Floats = values * np.float32(heatmap.scale)
    return scaled


def rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's correlation of two maps (H, W) in -1..1: do they rank places alike? 0 when one of them is constant."""
    first, second = rankdata(a), rankdata(b)
    if not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def overlap(a: Floats, b: Floats, top: float = TOP) -> float:
    """Intersection over union, in 0..1, of the ``top`` share of most relevant places of two maps (H, W)."""
    first, second = (_most_relevant(values, top) for values in (a, b))
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 0.0


def common_classes(label_sets: Sequence[Sequence[str]]) -> list[str]:
    """The classes that all networks know, by name (:func:`fer_explain.emotions.key_of`), in the order of the first."""
    known = [{key_of(label) for label in labels} for labels in label_sets]
    return [key for key in map(key_of, label_sets[0]) if all(key in keys for keys in known)] if label_sets else []


def on_classes(prediction: Prediction, classes: Sequence[str]) -> Floats:
    """An answer's probabilities (C,) of the classes that :func:`common_classes` gives."""
    own = [key_of(label) for label in prediction.labels]
    shares: Floats = prediction.probabilities[[own.index(name) for name in classes]]
    return shares


def agreements(probabilities: Sequence[Floats]) -> Floats:
    """Probability mass (M, M) in 0..1 that every two of M answers (K,) share: 1 less their total variation distance.

    Of answers by networks with other classes, those they have in common are given; mass on the rest is not shared.
    """
    return np.array([[np.minimum(a, b).sum() for b in probabilities] for a in probabilities], dtype=np.float32)


def correlations(maps: Sequence[Floats]) -> Floats:
    """Rank correlation (M, M) of every two of M maps."""
    return np.array([[rank_correlation(a, b) for b in maps] for a in maps], dtype=np.float32)


def overlaps(maps: Sequence[Floats], top: float = TOP) -> Floats:
    """Overlap (M, M) of every two of M maps."""
    return np.array([[overlap(a, b, top) for b in maps] for a in maps], dtype=np.float32)


def odd_one_out(answers: Sequence[str]) -> int | None:
    """Index of the one of three or more models that stands apart on a face; None where none does.

    That is the only model with another answer than all others, who agree among themselves.

    Args:
        answers: the predicted class of each.
    """
    if len(answers) < 3:
        return None
    alone = [index for index, answer in enumerate(answers) if answers.count(answer) == 1]
    others = {answer for index, answer in enumerate(answers) if index not in alone}
    return alone[0] if len(alone) == 1 and len(others) == 1 else None


def _most_relevant(values: Floats, top: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """The places above the (1 - top) quantile; fewer where the map is empty, as places of value 0 never count."""
    return (values >= np.quantile(values, 1 - top)) & (values > 0)
