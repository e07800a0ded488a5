"""How much of a map lies on a cause that is known, by explanation: what ``python -m benchmarks.map_truth`` found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from fer_explain.errors import FerError
from fer_explain.explain.registry import explainer
from fer_explain.hub.files import write_text

SOURCE: Final = Path(__file__).with_name("map_truth.json")


@dataclass(frozen=True, slots=True)
class Truth:
    """One explanation on networks that decide by a single part of the face.

    Attributes:
        settings: all of them, as they were then: defaults may change.
        mass: share (0..1) of the map's positive part that lies on the part that decides, mean over networks.
        low: lower end of the 95 % bootstrap interval of ``mass`` over networks.
        high: its upper end.
        pointed: share (0..1) of faces where the map's brightest place lies on that part.
    """

    method: str
    settings: dict[str, Any]
    mass: float
    low: float
    high: float
    pointed: float


@dataclass(frozen=True, slots=True)
class Truths:
    """A run of the benchmark.

    Attributes:
        command: what was called.
        networks: how many were trained.
        faces: how many every explanation was asked about, over all networks.
        methods: the explanations, most mass first.
    """

    command: str
    networks: int
    faces: int
    methods: list[Truth]

    def of(self, name: str, settings: Mapping[str, Any]) -> Truth | None:
        """What was measured of an explanation with these settings; None where it was not in that run."""
        asked = explainer(name, **settings)
        return next((one for one in self.methods if one.method == name and _made(one) == asked), None)

    def write(self, path: Path) -> None:
        """Writes the run as JSON.

        Raises:
            FerError: the file cannot be written.
        """
        write_text(path, json.dumps(asdict(self), indent=1) + "\n")


def read_truths(path: Path = SOURCE) -> Truths:
    """The run that the package ships, or another one."""
    return _read(path)


@cache
def _read(path: Path) -> Truths:
    entries = json.loads(path.read_text(encoding="utf-8"))
    return Truths(**entries | {"methods": [Truth(**entry) for entry in entries["methods"]]})


def _made(truth: Truth) -> object:
    """The explanation that was measured; None where it has lost one of its settings since."""
    try:
        return explainer(truth.method, **truth.settings)
    except FerError:
        return None
