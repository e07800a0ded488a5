"""Published numbers beside ours: what each paper claims, on which split, why to be careful, and the gap's interval.

The numbers stand in ``published.toml``, one entry per claim. A published accuracy comes without predictions, so its
uncertainty can only be that of a proportion of n images; whatever a choice of seed adds comes on top.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist
from types import MappingProxyType
from typing import Any, Final

from fer_explain.benchmark.statistics import LEVEL, Difference, Interval
from fer_explain.errors import FerError

SOURCE: Final = Path(__file__).with_name("published.toml")
TEST_IMAGES: Final = 3589  # FER2013's PrivateTest; its PublicTest, the validation split, is as large
FER2013: Final = "FER2013"

FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "single_run": "One run: the luck of a seed is not known.",
        "ten_crop": "The released code averages ten crops at test time.",
        "secondhand": "Quoted by the paper from another one, not run by its authors.",
        "validation": "A validation accuracy, on data that took part in choosing.",
        "training": "A training accuracy.",
        "other_data": "Other data than FER2013's test split: not comparable with the rest.",
        "above_noise_ceiling": "Beyond what independent runs reach on these noisy labels; no code to check it.",
        "implausible": "Not compatible with label noise and independent runs; looks like leakage or training accuracy.",
        "class_counts": "The paper's class counts are not FER2013's.",
        "split_counts": "The paper counts 31,709 training images; FER2013 has 28,709.",
        "wrong_recall": "The paper's formula for recall is that of specificity.",
        "two_values": "The paper's text states another value (66.20 %) than its table.",
    }
)


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a claim stands."""

    key: str
    cite: str
    title: str
    link: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One published number.

    Attributes:
        paper: the source that states it.
        table: where in the source.
        name: the method as the source calls it.
        accuracy: in 0..1; ``f1`` (weighted) likewise, or None.
        dataset: what was classified.
        split: ``test``, ``validation``, ``train`` or ``unstated``.
        views: test-time augmentation as far as it is known.
        flags: keys of :data:`FLAGS`.
        architecture: the registered network that is our reading of it, or "".
    """

    paper: Paper
    table: str
    name: str
    accuracy: float
    dataset: str
    split: str
    views: str
    flags: tuple[str, ...] = ()
    architecture: str = ""
    f1: float | None = None

    @property
    def doubtful(self) -> bool:
        """Whether a flag says that the number cannot be a clean test accuracy."""
        return bool({"implausible", "training", "validation"} & set(self.flags))

    @property
    def seeds(self) -> str:
        """From how many runs the number comes: ``1`` where one run is known to be all, else ``unstated``."""
        return "1" if "single_run" in self.flags else "unstated"

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95 % interval of a proportion of FER2013's 3,589 images; None on other data."""
        if self.dataset != FER2013:
            return None
        return wilson_interval(self.accuracy, TEST_IMAGES)


@cache
def claims() -> tuple[Claim, ...]:
    """All published numbers, in the order of the file: by paper."""
    data = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    papers = {key: Paper(key, **entry) for key, entry in data["papers"].items()}
    return tuple(_claim(entry, papers) for entry in data["claims"])


def claims_of(paper: str) -> tuple[Claim, ...]:
    """The numbers one paper states.

    Raises:
        FerError: there is no such paper; the sentence names those there are.
    """
    keys = sorted({claim.paper.key for claim in claims()})
    if paper not in keys:
        raise FerError(f"There is no paper '{paper}'; choose one of {', '.join(keys)}.")
    return tuple(claim for claim in claims() if claim.paper.key == paper)


def gap(ours: float, n: int, claim: Claim) -> Difference:
    """Our accuracy minus a published one on the same split, with the 95 % interval of two unpaired proportions.

    The images are the same but the claimed predictions are not known, so the pairing cannot be used: the interval is
    wider than that of :func:`~fer_explain.benchmark.statistics.paired_bootstrap_difference` would be.

    Args:
        ours: accuracy in 0..1 on ``n`` images.
        n: number of images.
        claim: a number on FER2013.

    Raises:
        ValueError: the claim is on other data.
    """
    if claim.dataset != FER2013:
        raise ValueError(f"'{claim.name}' was measured on {claim.dataset}, which cannot be set against FER2013")
    return unpaired_difference(ours, n, claim.accuracy, TEST_IMAGES)


def unpaired_difference(a: float, n_a: int, b: float, n_b: int) -> Difference:
    """Difference of two independent proportions with Newcombe's 95 % interval (1998, method 10)."""
    low_a, high_a = wilson_interval(a, n_a)
    low_b, high_b = wilson_interval(b, n_b)
    value = a - b
    low = value - math.hypot(a - low_a, high_b - b)
    high = value + math.hypot(high_a - a, b - low_b)
    return Difference(value, Interval(low, high))


def wilson_interval(share: float, n: int) -> Interval:
    """Wilson's (1927) 95 % interval of a proportion ``share`` in 0..1 of ``n`` images."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(centre - half, centre + half)


def _claim(entry: dict[str, Any], papers: Mapping[str, Paper]) -> Claim:
    f1 = entry.get("f1")
    return Claim(
        paper=papers[entry["paper"]],
        table=entry["table"],
        name=entry["name"],
        accuracy=round(entry["accuracy"] / 100, 6),
        dataset=entry["dataset"],
        split=entry["split"],
        views=entry["views"],
        flags=tuple(entry["flags"]),
        architecture=entry.get("architecture", ""),
        f1=None if f1 is None else round(f1 / 100, 6),
    )
