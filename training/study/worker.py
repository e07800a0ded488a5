"""One run of a study, in a process of its own.

    python -m training.study.worker --folder DIR --data PATH_OR_HUB_ID [--test] -- FLAGS OF training.run

It waits until no other process works on the folder, goes on where an earlier one stopped, only measures what is
trained, and does nothing where that one had finished. It stops, its state saved, as soon as its standard input is
closed: a pipe from the study, which the system closes however the study ends.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from fer_explain.errors import FerError
from fer_explain.hub.folder import METRICS
from fer_explain.hub.predictions import read_metrics_file
from training.manners import command
from training.state import FILE
from training.study.measures import is_measured, measure


def is_finished(folder: Path, *, tested: bool = False, measures: Sequence[str] = ()) -> bool:
    """Whether the run in ``folder`` ended and was measured, on the test split and ``measures`` too if asked for."""
    if not (folder / METRICS).is_file() or (folder / FILE).exists():
        return False
    try:
        splits = read_metrics_file(folder).get("splits", {})
        measured = is_measured(folder, measures)
    except FerError:
        return False
    return "validation" in splits and (not tested or "test" in splits) and measured


def work(
    folder: Path,
    data: Sequence[str],
    flags: Sequence[str],
    *,
    sources: int | None = None,
    tested: bool = False,
    measures: Sequence[str] = (),
    limit: int = 0,
) -> None:
    """Trains into ``folder`` what ``flags`` say, and measures it.

    Args:
        folder: of the run.
        data: all data sets of the study.
        flags: of ``training.run``, but for data and output.
        sources: learn from the first so many of the data sets; None = from all.
        tested: measure it on the test split, too.
        measures: measure it on these, too, as :func:`training.study.measures.named` gives them.
        limit: use only the first images of each split for them; 0 = all.

    Raises:
        SystemExit: it failed, with a sentence on standard error, or was stopped.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        if not is_finished(folder):
            from training import run

            resume = ["--resume"] if (folder / FILE).exists() else []
            run.main([*flags, *resume, "--data", *data[:sources], "--output", str(folder)])
        if tested and not is_finished(folder, tested=True):
            from training import evaluate

            evaluate.main(["--checkpoint", str(folder), "--data", *data[:sources], "--split", "test"])
        if not is_finished(folder, measures=measures):
            measure(folder, data, measures, limit)


def stop_with(stream: int) -> None:
    """Has this process asked to stop when the pipe ``stream`` (a file descriptor) is closed at its other end."""

    def watch() -> None:
        while os.read(stream, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.study.worker", description="One run of a study.")
    parser.add_argument("--folder", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", nargs="+", required=True, metavar="PATH_OR_HUB_ID")
    parser.add_argument("--sources", type=int, metavar="N", help="learn from the first N of --data only")
    parser.add_argument("--test", action="store_true", help="measure the test split afterwards")
    parser.add_argument("--measures", nargs="+", default=[], metavar="NAME", help="what else to measure afterwards")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="measure only the first N images; 0 = all")
    parser.add_argument("flags", nargs="*", help="of training.run")
    options = parser.parse_args(arguments)
    stop_with(0)  # standard input
    work(
        options.folder,
        options.data,
        options.flags,
        sources=options.sources,
        tested=options.test,
        measures=options.measures,
        limit=options.limit,
    )


if __name__ == "__main__":
    main()
