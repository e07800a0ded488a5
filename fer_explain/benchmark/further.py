"""Measurements beside the plain ones of ``validation`` and ``test``: other views, other data, a part of a split.

They lie under ``"further"`` in ``metrics.json``, each under a name of its own, so that no reader of ``"splits"`` takes
one for the official score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fer_explain.benchmark.metrics import Headline, Metrics
from fer_explain.errors import FerError

WHOLE = "whole split"
UNLEAKED = "without leaks"


@dataclass(frozen=True, slots=True)
class Further:
    """One further measurement.

    Attributes:
        data: what the data set is called; "" for the one that the checkpoint was trained on.
        split: of that data.
        scores: the metrics.
        views: the test-time augmentation; "one" is none.
        part: :data:`WHOLE`, :data:`UNLEAKED` (test images without an exact or near duplicate in training), or the name
            of one source of a mix.
        left_out: how many images were not scored, by the class, which the network does not know.
    """

    data: str
    split: str
    scores: Metrics
    views: str = "one"
    part: str = WHOLE
    left_out: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def key(data: str, split: str, views: str, part: str = WHOLE) -> str:
        """What a measurement is called in metrics.json, and its predictions: ``test-flip``, ``raf_db-test``."""
        named = (data, split, "" if views == "one" else views, "" if part == WHOLE else part)
        return "-".join(re.sub(r"[^\w.]+", "_", text) for text in named if text)

    @property
    def name(self) -> str:
        """Its :meth:`key`."""
        return self.key(self.data, self.split, self.views, self.part)

    @property
    def headline(self) -> Headline:
        """Its accuracy with interval, n and split."""
        low, high = self.scores.intervals["accuracy"]
        return Headline(self.scores.accuracy, low, high, self.scores.n, self.split, self.tta)

    def __str__(self) -> str:
        return f"{self.name}: accuracy {self.headline}"

    @property
    def tta(self) -> str:
        """The test-time augmentation as it is shown beside a number."""
        return "none" if self.views == "one" else self.views

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return asdict(self) | {"scores": self.scores.to_dict()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Further:
        """The inverse of :meth:`to_dict`.

        Raises:
            FerError: the entry is not what :meth:`to_dict` writes.
        """
        try:
            return cls(**(dict(entry) | {"scores": Metrics.from_dict(entry["scores"])}))
        except (KeyError, TypeError, ValueError) as error:
            raise FerError(f"This is no measurement that this version writes: {error}.") from None


def read_further(metrics: Mapping[str, Any]) -> dict[str, Further]:
    """The further measurements in a ``metrics.json`` by name; {} when there are none.

    Raises:
        FerError: they are not what this version writes.
    """
    entries = metrics.get("further", {})
    if not isinstance(entries, Mapping):
        raise FerError(f"The further metrics should lie under their names, they are a {type(entries).__name__}.")
    return {name: Further.from_dict(entry) for name, entry in entries.items()}
