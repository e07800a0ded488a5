"""All that a checkpoint folder says about how its network did, read once and kept until a file changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.conformal import ConformalRule, fit_conformal
from fer_explain.benchmark.disturbed import Disturbed
from fer_explain.benchmark.saved import Saved
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.hub.bounds import read_json
from fer_explain.hub.disturbed import read_disturbed
from fer_explain.hub.folder import (
    CALIBRATION,
    CONFIG,
    DISTURBED,
    HISTORY,
    METRICS,
    PREDICTIONS,
    VOTED,
    WEIGHTS,
    list_results,
)
from fer_explain.hub.history import History, read_history
from fer_explain.hub.predictions import Split, read_leaked, read_metrics_file, read_saved
from fer_explain.hub.reference import find_folder

KEPT = 64  # folders
SPLITS: tuple[Split, ...] = ("validation", "test")


class Group(NamedTuple):
    """The classes of a network, and the data that its predictions are of; "" where that is not known."""

    label_names: tuple[str, ...]
    data: str

    @property
    def has_fer2013(self) -> bool:
        """Whether its rows are FER2013's: other data have other faces under the same row ids."""
        return self.label_names == LABELS and self.data in ("", "fer2013")


@dataclass(frozen=True, eq=False)
class Results:
    """What lies in one folder; each part is read when it is first asked for.

    Attributes:
        name: what the checkpoint is called.
        folder: where it lies.
    """

    name: str
    folder: Path

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits it has predictions of."""
        return tuple(split for split in SPLITS if (self.folder / PREDICTIONS / f"{split}.parquet").is_file())

    @cached_property
    def validation(self) -> Saved:
        """Predictions on validation. Raises FerError where there are none."""
        return replace(read_saved(self.folder, "validation"), name=self.name)

    @cached_property
    def test(self) -> Saved:
        """Predictions on test. Raises FerError where there are none."""
        return replace(read_saved(self.folder, "test"), name=self.name)

    def voted(self, split: str) -> Saved | None:
        """Predictions on a split that FER+'s voters labelled; None where there are none. Raises FerError."""
        name = f"{VOTED}-{split}"
        if not (self.folder / PREDICTIONS / f"{name}.parquet").is_file():
            return None
        return replace(read_saved(self.folder, name), name=self.name)

    @cached_property
    def leaked(self) -> Integers | None:
        """Row ids of test images with an exact or near duplicate in training; None where that was not measured."""
        return read_leaked(self.folder, "test")

    @cached_property
    def history(self) -> History | None:
        """How its training went."""
        return read_history(self.folder)

    @cached_property
    def disturbed(self) -> Disturbed | None:
        """How it does under the suite of disturbances; None where that was not measured. Raises FerError."""
        return read_disturbed(self.folder)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Its metrics.json."""
        return read_metrics_file(self.folder)

    @cached_property
    def rule(self) -> ConformalRule | None:
        """Turns its probabilities into sets that hold the true class nine times in ten; None without validation.

        Fitted where its temperature was: on its own calibration data where there are any, else on validation.

        Raises:
            FerError: those predictions cannot be read.
        """
        if (self.folder / PREDICTIONS / f"{CALIBRATION}.parquet").is_file():
            fitted_on = read_saved(self.folder, CALIBRATION)
            return fit_conformal(fitted_on.probabilities, fitted_on.labels)
        if "validation" not in self.splits:
            return None
        return fit_conformal(self.validation.probabilities, self.validation.labels)

    @cached_property
    def group(self) -> Group:
        """What it has in common with those that it can be compared with.

        Raises:
            FerError: config.json cannot be read.
        """
        config = read_json(self.folder / CONFIG)
        about = config.get("provenance", {}).get("data", {})
        data = str(about.get("judged_by") or about.get("name") or "")
        stems = sorted(Path(part).stem for part in data.split(" + ") if part)
        return Group(tuple(config.get("label_names", ())), " + ".join(stems))

    @property
    def file_bytes(self) -> int | None:
        """Size of its weights; None without any."""
        weights = self.folder / WEIGHTS
        return weights.stat().st_size if weights.is_file() else None

    def on(self, split: str) -> Saved:
        """Predictions on a split.

        Raises:
            FerError: there are none.
        """
        if split not in SPLITS:
            raise FerError(f"There is no split '{split}'; choose one of {', '.join(SPLITS)}.")
        return self.test if split == "test" else self.validation


def results(name: str, folder: Path) -> Results:
    """The results in a folder; the same object as long as its files stay as they are."""
    return _kept(name, folder, _written(folder))


def find_results(ref: str | Path) -> Results:
    """The results of a checkpoint given by embedded name, folder, or Hub id, or of a run kept without its weights.

    A folder gives its name.

    Raises:
        FerError: there is no such checkpoint.
    """
    folder = list_results().get(str(ref)) or find_folder(ref)
    return results(folder.resolve().name if Path(ref).is_dir() else str(ref), folder)


@lru_cache(maxsize=KEPT)
def _kept(name: str, folder: Path, _stamp: tuple[int, ...]) -> Results:
    return Results(name, folder)


def _written(folder: Path) -> tuple[int, ...]:
    predictions = (*SPLITS, CALIBRATION, *(f"{VOTED}-{split}" for split in SPLITS))
    files = [folder / name for name in (CONFIG, METRICS, HISTORY, DISTURBED)]
    files += [folder / PREDICTIONS / f"{name}.parquet" for name in predictions]
    return tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in files)
