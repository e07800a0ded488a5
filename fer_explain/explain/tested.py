"""The tested map: the explanation that measurably holds for a network, from ``explanations.json`` in its folder."""

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
from fer_explain.hub.folder import EXPLANATIONS, WEIGHTS
from fer_explain.hub.weights import weights_fingerprint

TESTED: Final = "tested"  # what a person calls it who does not want to choose among methods
QUICK: Final = "gradcam"  # what is shown at once, and every other map is compared with


@dataclass(frozen=True, slots=True)
class Trial:
    """One explanation with its settings, put to the test on ``n`` faces.

    Attributes:
        settings: those that differ from the method's own.
        holds: share (0..1) of faces on which its map passed all five checks.
        low: lower end of the 95 % interval of ``holds`` (Wilson 1927).
        high: its upper end.
        checks: share (0..1) of faces that passed each check.
        seconds: of processor time that a map takes, median over a few faces.
    """

    method: str
    settings: dict[str, Any]
    n: int
    holds: float
    low: float
    high: float
    checks: dict[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class Explanations:
    """What ``python -m fer_explain.explain.benchmark --write`` measured for a checkpoint.

    Attributes:
        weights: fingerprint of the weights that were tested.
        split: of the data set.
        seed: of the draw of faces.
        skip: how many faces of the draw were passed over, because settings had been chosen on them.
        trials: the explanations, those that hold on most faces first.
    """

    weights: str
    split: str
    seed: int
    skip: int
    trials: list[Trial]

    @property
    def best(self) -> Trial:
        """The tested map."""
        return self.trials[0]

    @property
    def quick(self) -> Trial | None:
        """Grad-CAM on the same faces; None where it was not tried."""
        return next((trial for trial in self.trials if (trial.method, trial.settings) == (QUICK, {})), None)

    def write(self, folder: Path) -> None:
        """Writes ``explanations.json`` into a checkpoint folder.

        Raises:
            FerError: the folder cannot be written.
        """
        write_text(folder / EXPLANATIONS, json.dumps(asdict(self), indent=1) + "\n")


def tested_map(folder: Path) -> Explanations | None:
    """What was measured for the weights in a checkpoint folder; None where nothing was, or for other weights.

    Raises:
        FerError: the file is there and is not what the benchmark writes.
    """
    path = folder / EXPLANATIONS
    if not path.is_file():
        return None
    return _read(folder, path.stat().st_mtime_ns, (folder / WEIGHTS).stat().st_mtime_ns)


def named_or_tested(name: str, settings: Mapping[str, Any], folder: Path) -> tuple[str, dict[str, Any]]:
    """An explanation and its settings, where the name may be ``tested``: that stands for what a checkpoint was found
    to be explained best by, with the settings of that test, and where nothing was measured for Grad-CAM.

    Raises:
        FerError: the file in the folder is not what the benchmark writes.
    """
    if name != TESTED:
        return name, dict(settings)
    found = tested_map(folder)
    return (QUICK, {}) if found is None else (found.best.method, found.best.settings)


@cache
def _read(folder: Path, _written: int, _trained: int) -> Explanations | None:
    """Kept until a file changes: the fingerprint of the weights takes longer than a map may."""
    path = folder / EXPLANATIONS
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        trials = [Trial(**entry) for entry in entries.pop("trials")]
        found = Explanations(**entries, trials=trials)
        for trial in trials:
            explainer(trial.method, **trial.settings)
            shares = (trial.low, trial.holds, trial.high, *trial.checks.values())
            if trial.n < 1 or not all(0 <= share <= 1 for share in shares):
                raise ValueError("a share must be from 0 to 1, of at least one face")
        if not trials:
            raise ValueError("there are no trials in it")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, FerError) as error:
        raise FerError(f"{path} is not what explain.benchmark --write writes: {error}.") from error
    return found if found.weights == weights_fingerprint(folder) else None
