"""How a network does under each disturbance of the suite: the content of ``disturbed.json``. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.statistics import Interval, bootstrap_means, percentile_interval


@dataclass(frozen=True, slots=True)
class Share:
    """A share (0..1) of the images with its 95 % bootstrap interval."""

    value: float
    interval: Interval

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


@dataclass(frozen=True, slots=True)
class Row:
    """One disturbance at one strength.

    Attributes:
        disturbance: its name in the suite.
        strength: 1 is mild.
        amount: how much, in the suite's unit.
        accuracy: share of right answers on the disturbed images.
        unchanged: share of images whose answer stays what it is on the image as it was.
    """

    disturbance: str
    strength: int
    amount: float
    accuracy: Share
    unchanged: Share


@dataclass(frozen=True, slots=True)
class Disturbed:
    """All rows of one checkpoint.

    Attributes:
        split: what was disturbed.
        n: its number of images.
        data: its fingerprint.
        seed: of the suite.
        plain: accuracy on the images as they are.
        rows: in the suite's order, mild ones first.
    """

    split: str
    n: int
    data: str
    seed: int
    plain: Share
    rows: tuple[Row, ...]

    @property
    def worst(self) -> Row:
        """The row with the lowest accuracy."""
        return min(self.rows, key=lambda row: row.accuracy.value)

    def strongest(self) -> Iterator[Row]:
        """The strongest row of each disturbance."""
        yield from self.at(max(row.strength for row in self.rows))

    def at(self, strength: int) -> Iterator[Row]:
        """The row of each disturbance at a strength, or its strongest where it has fewer."""
        milder = [row for row in self.rows if row.strength <= strength]
        yield from {row.disturbance: row for row in sorted(milder, key=lambda row: row.strength)}.values()

    def to_json(self) -> str:
        """The text of ``disturbed.json``."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Disturbed:
        """The inverse of :meth:`to_json`. Raises KeyError, TypeError or ValueError for anything else."""
        rows = (Row(**row | {key: _share(row[key]) for key in ("accuracy", "unchanged")}) for row in entry["rows"])
        made = cls(**entry | {"plain": _share(entry["plain"]), "rows": tuple(rows)})
        if not made.rows:
            raise ValueError("no rows")
        return made


def share(hits: np.ndarray[Any, np.dtype[np.bool_]]) -> Share:
    """The share of True in ``hits`` (N,) with its interval."""
    value = float(hits.mean())
    return Share(value, percentile_interval(bootstrap_means(hits[:, None].astype(np.float64))[:, 0], value))


def row(disturbance: str, strength: int, amount: float, said: Integers, before: Integers, labels: Integers) -> Row:
    """The row of answers ``said`` (N,) on disturbed images, ``before`` (N,) on the same as they were."""
    return Row(disturbance, strength, amount, share(said == labels), share(said == before))


def _share(entry: dict[str, Any]) -> Share:
    return Share(float(entry["value"]), Interval(*map(float, entry["interval"])))
