"""Where a run's numbers go while it trains, beside history.csv: TensorBoard event files, or trackio's local database.

Both are optional and only imported when asked for. Nothing is sent anywhere: event files lie in the run's own folder,
trackio's database where its ``trackio show`` looks for it (``TRACKIO_DIR``). Only the main process of several writes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final

from accelerate import PartialState
from accelerate.tracking import GeneralTracker, TensorBoardTracker, TrackioTracker

from fer_explain.errors import FerError

PROJECT: Final = "fer-explain"
Scalar = bool | int | float | str


class Tracker:
    """Any number of opened trackers, none included, as one; closed when its ``with`` block ends.

    Example::

        with open_tracker(["tensorboard"], output, "emonext_atto", config) as tracker:
            tracker.log(1, {"train_loss": 1.8, "validation_accuracy": 0.31})
    """

    def __init__(self, trackers: Mapping[str, GeneralTracker]) -> None:
        self._trackers = trackers

    def log(self, epoch: int, values: Mapping[str, float]) -> None:
        """Books the numbers of an epoch, counted from 1.

        Raises:
            FerError: a tracker cannot write.
        """
        for name, tracker in self._trackers.items():
            try:
                tracker.log(dict(values), step=epoch)
            except OSError as error:
                raise _cannot_write(name, error) from error

    def close(self) -> None:
        """Writes what is not yet on the disk."""
        for name, tracker in self._trackers.items():
            try:
                tracker.finish()
            except OSError as error:
                raise _cannot_write(name, error) from error

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def list_trackers() -> list[str]:
    """What ``--track`` takes."""
    return sorted(_OPENERS)


def open_tracker(names: Sequence[str], output: Path, run: str, config: Mapping[str, Any]) -> Tracker:
    """Opens the named trackers; a run of the same name is gone on with.

    Args:
        names: of :func:`list_trackers`; none makes a tracker that does nothing.
        output: the run's folder; event files go into its ``tensorboard`` folder.
        run: what the run is called.
        config: its options, stored beside the curves.

    Raises:
        FerError: an unknown tracker, one that is not installed, or one that cannot write.
    """
    for name in names:
        if name not in _OPENERS:
            raise FerError(f"--track {name}: there is no such tracker; choose {' or '.join(list_trackers())}.")
        if find_spec(name) is None:
            raise FerError(f"--track {name}: it is not installed; install it with: pip install {name}.")
    if not names or not PartialState().is_main_process:
        return Tracker({})
    return Tracker({name: _start(name, output, run, dict(_flat(config))) for name in dict.fromkeys(names)})


def _start(name: str, output: Path, run: str, config: dict[str, Scalar]) -> GeneralTracker:
    try:
        return _OPENERS[name](output, run, config)
    except OSError as error:
        raise _cannot_write(name, error) from error


def _tensorboard(output: Path, run: str, config: dict[str, Scalar]) -> GeneralTracker:
    tracker = TensorBoardTracker(run, output / "tensorboard")
    tracker.start()
    rows = "\n".join(f"| {key} | {value} |" for key, value in config.items())
    tracker.writer.add_text("config", f"| option | value |\n| --- | --- |\n{rows}", 0)
    return tracker


class _LocalTrackio(TrackioTracker):  # type: ignore[misc]
    """accelerate's tracker.

    Upstream defect, no issue found: trackio speaks of an upload that does not take place.
    Test: test_trackio_speaks_of_an_upload.
    """

    def finish(self) -> None:
        import trackio

        with redirect_stdout(io.StringIO()):
            trackio.finish()  # type: ignore[no-untyped-call]


def _trackio(output: Path, run: str, config: dict[str, Scalar]) -> GeneralTracker:
    # Its own measuring of the machine is off: it would run a thread and book the network's use beside the curves.
    tracker = _LocalTrackio(
        PROJECT, name=run, config=config, resume="allow", embed=False, auto_log_gpu=False, auto_log_cpu=False
    )
    tracker.start()
    return tracker


_OPENERS: Final[Mapping[str, Callable[[Path, str, dict[str, Scalar]], GeneralTracker]]] = MappingProxyType(
    {"tensorboard": _tensorboard, "trackio": _trackio}
)


def _flat(entries: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Nested options as ("a.b", value) pairs; what is no plain value becomes text."""
    for key, value in entries.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, Scalar) else str(value)


def _cannot_write(name: str, error: OSError) -> FerError:
    return FerError(f"--track {name}: it cannot write ({error.strerror or error}).")
