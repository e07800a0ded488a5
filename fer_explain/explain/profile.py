"""What a network usually does with faces of each class: its windows and its gates over a validation set.

One face's theta or channel weights say little alone; beside what the network does with other faces of the class they
show whether this one was treated as usual. Written once by

    python -m fer_explain.explain.profile --checkpoint DIR_OR_NAME --data PATH

into the checkpoint's folder, read by the STN studio and the gate lab. Classes are those the network *predicted*, since
that is what the page knows of a new face.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_explain.errors import FerError
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import PROFILE, WEIGHTS
from fer_explain.hub.weights import weights_fingerprint
from fer_explain.types import Floats, Pixels, Warp

if TYPE_CHECKING:
    from fer_explain.explain.trace import Trace
    from fer_explain.faces.dataset import LabelledFaces
    from fer_explain.hub.checkpoint import Checkpoint

READINGS: Final = ("rotation", "zoom", "shear", "right", "down")
"""Degrees clockwise, a factor, degrees, and the shift of the window's centre in pixels of the network's input."""

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
BATCH: Final = 32

_Doubles = NDArray[np.float64]


class Spread(NamedTuple):
    """How a reading is distributed over the faces of a class: the :data:`QUANTILES`."""

    low: float
    quarter: float
    median: float
    three_quarters: float
    high: float


@dataclass(frozen=True, slots=True)
class Usual:
    """Mean and standard deviation of each channel's weight (C,) over the faces of a class."""

    mean: list[float]
    std: list[float]


@dataclass(frozen=True, slots=True)
class ClassHabits:
    """The ``n`` faces that were predicted to be of one class.

    Attributes:
        n: faces.
        readings: by name of :data:`READINGS`; empty without a spatial transformer.
        gates: by path of the gate's layer.
    """

    n: int
    readings: dict[str, Spread] = field(default_factory=dict)
    gates: dict[str, Usual] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """All classes of a checkpoint.

    Attributes:
        weights: fingerprint of the weights that were profiled: a profile of others is not shown.
        data: name of the data set.
        split: of the data set.
        fingerprint: of the faces, see :class:`fer_explain.faces.dataset.LabelledFaces`.
        n: faces.
        size: side of the network's input in pixels, the unit of shifts.
        classes: by predicted label; a class that was never predicted is absent.
    """

    weights: str
    data: str
    split: str
    fingerprint: str
    n: int
    size: int
    classes: dict[str, ClassHabits]

    def to_json(self) -> str:
        """The text of profile.json."""
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"

    def usual(self, label: str, layer: str) -> Usual | None:
        """What a gate usually does with faces of a class; None where that class was never predicted."""
        habits = self.classes.get(label)
        return habits.gates.get(layer) if habits else None


def readings(warp: Warp, size: int) -> dict[str, float]:
    """The :data:`READINGS` of one face."""
    right, down = warp.shift
    return {
        "rotation": warp.rotation,
        "zoom": warp.zoom,
        "shear": warp.shear,
        "right": right * size,
        "down": down * size,
    }


def read_profile(folder: Path) -> Profile | None:
    """The profile in a checkpoint's folder; None where there is none, or one of other weights.

    Raises:
        FerError: the file is there and is no profile.
    """
    path, weights = folder / PROFILE, folder / WEIGHTS
    if not path.exists() or not weights.exists():
        return None
    return _read(folder, path.stat().st_mtime_ns, weights.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _read(folder: Path, _written: int, _trained: int) -> Profile | None:
    """Kept until a file changes, as the fingerprint of the weights takes longer than a slider may."""
    path = folder / PROFILE
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        entries["classes"] = {label: _habits(entry) for label, entry in entries["classes"].items()}
        profile = Profile(**entries)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FerError(f"{path} is not a profile: {type(error).__name__} {error}.") from error
    return profile if profile.weights == weights_fingerprint(folder) else None


def profile_checkpoint(checkpoint: Checkpoint, faces: LabelledFaces) -> Profile:
    """Shows the network every face once and sums up what it did, by predicted class."""
    labels = checkpoint.config.label_names
    predicted, thetas, gates = _observe(checkpoint, faces.images)
    classes = {}
    for index, label in enumerate(labels):
        own = predicted == index
        if own.any():
            spreads = {} if thetas is None else _spreads(thetas[own], checkpoint.config.input.size)
            usual = {layer: _usual(weights[own]) for layer, weights in gates.items()}
            classes[label] = ClassHabits(int(own.sum()), spreads, usual)
    return Profile(
        weights=weights_fingerprint(checkpoint.folder),
        data=faces.source,
        split=faces.split,
        fingerprint=faces.fingerprint,
        n=len(faces),
        size=checkpoint.config.input.size,
        classes=classes,
    )


def _observe(checkpoint: Checkpoint, images: Pixels) -> tuple[NDArray[np.intp], Floats | None, dict[str, Floats]]:
    """Of N faces: the predicted class (N,), theta (N, 2, 3) and, by layer, the channel weights (N, C)."""
    predicted, traces = [], []
    for logits, seen in _passes(checkpoint, images):
        predicted.append(logits.argmax(axis=1))
        traces.append(seen)
    thetas = [seen.theta.numpy() for seen in traces if seen.theta is not None]
    gates = {
        layer: np.concatenate([seen.channel_gates[layer].values.numpy() for seen in traces])
        for layer in traces[0].channel_gates
    }
    return np.concatenate(predicted), np.concatenate(thetas) if thetas else None, gates


def _passes(checkpoint: Checkpoint, images: Pixels) -> Iterator[tuple[Floats, Trace]]:
    from fer_explain.explain.base import observe
    from fer_explain.faces.preprocess import to_batch

    for start in range(0, len(images), BATCH):
        told = observe(checkpoint.model, to_batch(images[start : start + BATCH], checkpoint.config.input))
        told.trace.warped = None  # 3,589 aligned faces would be 400 MB
        yield told.logits.numpy(), told.trace


def _spreads(thetas: Floats, size: int) -> dict[str, Spread]:
    nothing = np.zeros((0, 0, 3), np.uint8)  # the aligned pictures are not needed to read theta
    read = [readings(Warp(theta, nothing), size) for theta in thetas]
    return {name: Spread(*_rounded(np.quantile([each[name] for each in read], QUANTILES))) for name in READINGS}


def _usual(weights: Floats) -> Usual:
    exact = weights.astype(np.float64)
    return Usual(_rounded(exact.mean(axis=0)), _rounded(exact.std(axis=0)))


def _rounded(values: _Doubles) -> list[float]:
    """Four decimals: a gate often moves within a few hundredths."""
    return [round(float(value), 4) for value in values]


def _habits(entry: dict[str, Any]) -> ClassHabits:
    spreads = {name: Spread(*entry["readings"][name]) for name in READINGS} if entry["readings"] else {}
    return ClassHabits(entry["n"], spreads, {layer: Usual(**usual) for layer, usual in entry["gates"].items()})


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fer_explain.explain.profile",
        description="Sums up what a checkpoint's spatial transformer and gates do with faces of each class.",
    )
    parser.add_argument("--checkpoint", required=True, help="embedded name, folder, or Hub id")
    parser.add_argument("--data", required=True, help="folder of parquet shards as a Hub data set has")
    parser.add_argument("--split", default="validation", help="which faces (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Writes profile.json into the checkpoint's folder."""
    options = _options(argv)
    try:
        from fer_explain.faces.dataset import read_faces
        from fer_explain.hub.checkpoint import load_checkpoint

        checkpoint = load_checkpoint(options.checkpoint)
        profile = profile_checkpoint(
            checkpoint, read_faces(options.data, options.split, label_names=checkpoint.config.label_names)
        )
        write_text(checkpoint.folder / PROFILE, profile.to_json())
    except FerError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    print(f"{checkpoint.folder / PROFILE}: {profile.n} faces of {profile.data}, {profile.split}")


if __name__ == "__main__":
    main()
