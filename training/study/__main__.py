"""Runs a study: variants of a network or recipe, with several seeds or folds, and says in words how they differ.

    python -m training.study sequential_cnn --data PATH_OR_HUB_ID --output studies/sequential_cnn

A trial that takes minutes on a CPU, and what a study consists of:

    python -m training.study sequential_cnn --data PATH --output studies/trial --seeds 2 --epochs 2 --limit 2000
    python -m training.study no_sa --print-runs

Stopped or killed at any moment, the same command goes on: finished runs are kept, an unfinished one resumes. More seeds
later: the same command with a larger ``--seeds``. One run that fails leaves the others alone.
"""

from __future__ import annotations

import argparse
import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fer_explain.benchmark.metrics import headline
from fer_explain.errors import FerError
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.predictions import read_metrics_file
from fer_explain.models import architecture
from training.audit.report import HTML
from training.data import ImageForm, load_mix
from training.folds import make_folds
from training.manners import command
from training.study.crew import LOGS, Job, carry_out, default_jobs
from training.study.measures import check, named
from training.study.plan import SOURCES, Run, Study
from training.study.report import write_report
from training.study.sections import CAUSES
from training.study.table import folder_of
from training.study.toml_file import Overrides, list_studies, read_study
from training.study.worker import is_finished

PLAN: Final = "study.json"
FOLDS: Final = "folds.csv"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.study", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("study", metavar="STUDY", help=f"one of {', '.join(list_studies())}, or a TOML file")
    parser.add_argument(
        "--data",
        nargs="+",
        metavar="PATH_OR_HUB_ID",
        help="parquet folder, Hub id, CSV or image folder; several are a mix",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="the folder of the study")
    parser.add_argument("--jobs", type=int, metavar="N", help=f"runs at a time [{default_jobs()} on this machine]")
    parser.add_argument(
        "--test", action="store_true", help="measure each finished run on the test split and compare there"
    )
    parser.add_argument("--print-runs", action="store_true", help="show the commands it comes down to, then exit")
    group = parser.add_argument_group("instead of what the study's file says")
    group.add_argument("--seeds", type=int, metavar="N", help="seeds of every variant")
    group.add_argument("--folds", type=int, metavar="K", help="cross-validation of the training split; 0 = none")
    group.add_argument("--limit", type=int, metavar="N", help="use only the first N images of each split; 0 = all")
    group.add_argument("--epochs", type=int, metavar="N", help="passes over the training split")
    group.add_argument("--model", help="the network")
    group.add_argument("--recipe", help="the recipe")
    return parser


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = _parser()
    options = parser.parse_args(arguments)
    given = {name: value for name in ("model", "recipe", "epochs") if (value := getattr(options, name)) is not None}
    study = read_study(options.study, Overrides(options.seeds, options.folds, options.limit, given))
    if options.print_runs:
        print("\n".join(f"python -m training.run {shlex.join(_flags(study, run, Path('DIR')))}" for run in study.runs))
        return
    missing = [flag for flag, value in (("--data", options.data), ("--output", options.output)) if not value]
    if missing:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    at_a_time = default_jobs() if options.jobs is None else options.jobs
    if at_a_time < 1:
        raise FerError(f"--jobs must be at least 1, got {at_a_time}.")
    if options.test and study.folds:
        raise FerError("--test: a cross-validation is judged on its folds; leave out --test, or give --folds 0.")
    study = _with_data(study, options.data, tested=options.test)
    _book(study, options.output)
    _make_folds(study, options.data, options.output)
    failed = _run(study, options.data, options.output, at_a_time, tested=options.test)
    for part in write_report(study, options.output, "test" if options.test else "validation", failed):
        if part.title in ("What was run", "Differences", CAUSES):
            print("\n".join(part.sentences))
    print(f"The report is {options.output / HTML}.")
    if failed:
        raise FerError(
            f"{len(failed)} of {len(study.runs)} runs failed; the report is on the others. Repeat the command."
        )


def _with_data(study: Study, data: Sequence[str], *, tested: bool) -> Study:
    """The study, its measures named by the data sets.

    Raises:
        FerError: the data are not what it needs, or it cannot be judged on the test split.
    """
    asked = [run for run in study.runs if run.sources and run.sources > len(data)]
    if asked:
        raise FerError(
            f"study {study.name}, variant '{asked[0].variant.name}': {SOURCES} = {asked[0].sources}, but --data names "
            f"only {len(data)}."
        )
    if tested and study.measures:
        raise FerError("--test: this study is judged on its measures, which are validation data; leave out --test.")
    return replace(study, measures=named(study.measures, data))


def _book(study: Study, output: Path) -> None:
    """Writes down which options each run has, so that a run of other options is never taken for one of these.

    Raises:
        FerError: the folder holds a study with other options, or cannot be written.
    """
    path = output / PLAN
    now: dict[str, Any] = {"study": study.name, "folds": study.folds, "limit": study.limit}
    runs = {run.name: run.flags for run in study.runs}
    sources = {run.name: run.sources for run in study.runs if run.sources}
    try:
        booked = json.loads(path.read_text(encoding="utf-8")) if path.exists() else now | {"runs": {}}
        former: dict[str, list[str]] = booked["runs"]
        of_former: dict[str, int] = dict(booked.get(SOURCES, sources))  # books of older versions do not tell
        same = all(booked[key] == now[key] for key in ("study", "folds", "limit"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FerError(f"--output {output}: {PLAN} is damaged; choose another folder.") from error
    other = [
        name
        for name, flags in runs.items()
        if name in former and (former[name], of_former.get(name)) != (flags, sources.get(name))
    ]
    if other or not same:
        what = f"run {other[0]}" if other else "the study"
        raise FerError(f"--output {output}: {what} began there with other options; give those, or another folder.")
    write_text(path, json.dumps(now | {"runs": former | runs, SOURCES: of_former | sources}, indent=1) + "\n")


def _make_folds(study: Study, data: Sequence[str], output: Path) -> None:
    """Writes the folds, once for all runs."""
    path = output / FOLDS
    if not study.folds or path.exists():
        return
    spec = architecture(study.variants[0].model).input
    train = load_mix(data, "train", ImageForm(spec.gray, spec.size))
    table = make_folds(train.head(study.limit) if study.limit else train, study.folds)
    write_atomically(path, lambda temporary: table.to_csv(temporary, index=False))


def _flags(study: Study, run: Run, output: Path) -> list[str]:
    """The run's flags, those the whole study shares among them; the folds hold no more images than the limit."""
    if study.folds:
        return [*run.flags, "--folds", str(output / FOLDS)]
    return [*run.flags, "--limit", str(study.limit)] if study.limit else run.flags


def _run(study: Study, data: Sequence[str], output: Path, at_a_time: int, *, tested: bool) -> dict[str, str]:
    """Carries out what is not finished; returns the runs that failed and the sentence each did so with."""
    left = [
        run for run in study.runs if not is_finished(folder_of(output, run), tested=tested, measures=study.measures)
    ]
    if len(left) < len(study.runs):
        print(f"{len(study.runs) - len(left)} of {len(study.runs)} runs were finished before", flush=True)
    jobs = {_job(study, run, data, output, tested=tested): run for run in left}
    at_a_time = min(at_a_time, max(1, len(jobs)))
    if jobs:
        check(study.measures, data)
        print(f"{len(jobs)} runs to go, {at_a_time} at a time; {output / LOGS} has what they print", flush=True)
    failed: dict[str, str] = {}
    began, done = time.monotonic(), 0

    def report(job: Job, reason: str | None) -> None:
        nonlocal done
        done += 1
        if reason:
            failed[job.name] = reason
        minutes = (time.monotonic() - began) / 60
        told = f"failed: {reason}" if reason else _score(folder_of(output, jobs[job]), tested=tested)
        print(f"[{done}/{len(jobs)}] {job.name} {told}; {minutes * (len(jobs) / done - 1):.0f} min left", flush=True)

    carry_out(list(jobs), at_a_time, output / LOGS, report)
    return failed


def _job(study: Study, run: Run, data: Sequence[str], output: Path, *, tested: bool) -> Job:
    what = ["--folder", str(folder_of(output, run)), "--data", *data]
    what += ["--sources", str(run.sources)] if run.sources else []
    what += ["--test"] if tested else []
    what += ["--measures", *study.measures, "--limit", str(study.limit)] if study.measures else []
    return Job(run.name, (*what, "--", *_flags(study, run, output)))


def _score(folder: Path, *, tested: bool) -> str:
    return f"accuracy {headline(read_metrics_file(folder), 'test' if tested else 'validation')}"


if __name__ == "__main__":
    main()
