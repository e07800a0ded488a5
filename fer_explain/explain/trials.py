"""Many maps put to the test one after the other; what is done is kept, so that a run can go on where it stopped."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_explain.errors import FerError
from fer_explain.hub.files import write_text
from fer_explain.types import Pixels

if TYPE_CHECKING:
    import pandas as pd

    from fer_explain.explain.base import Explainer
    from fer_explain.hub.checkpoint import Checkpoint

CHECKS = ("curves", "road", "infidelity", "randomisation", "sensitivity")
TIMED = 5  # faces on which a map's time is taken


@dataclass(frozen=True, slots=True)
class Sample:
    """A face of a data set: its ``row`` in the file it comes from, pixels uint8 (H, W, 3) and class index."""

    row: int
    pixels: Pixels
    label: int


def read_settings(way: str) -> tuple[str, dict[str, Any]]:
    """An explanation's name and settings from ``NAME`` or ``NAME:KEY=VALUE,KEY=VALUE``.

    Raises:
        FerError: a setting lacks its value.
    """
    name, _, rest = way.partition(":")
    settings = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise FerError(f"--methods {way}: '{pair}' is no setting; expected KEY=VALUE.")
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    return name, settings


def way_of(name: str, settings: Mapping[str, Any]) -> str:
    """What :func:`read_settings` reads."""
    pairs = ",".join(
        f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in settings.items()
    )
    return f"{name}:{pairs}" if pairs else name


def make_explainer(way: str) -> Explainer:
    """An explanation from its name, with or without settings: see :func:`read_settings`.

    Raises:
        FerError: there is no such explanation or setting, or it cannot have that value.
    """
    from fer_explain.explain.registry import explainer

    name, settings = read_settings(way)
    return explainer(name, **settings)


def receipts(
    loaded: Checkpoint, samples: Sequence[Sample], methods: Sequence[str], path: Path, jobs: int = 1
) -> Iterator[dict[str, Any]]:
    """One line per face and method, in the order of the faces: the predicted class's map, put to the test.

    ``path`` keeps the lines: those that are in it already, of the same weights, are not worked out again. More
    ``jobs`` than one are processes of their own, which share the cores.

    Raises:
        FerError: there is no such method, or ``path`` holds something else.
    """
    from fer_explain.hub.weights import weights_fingerprint

    weights = weights_fingerprint(loaded.folder)
    done = _done(path, weights)
    left = {sample.row: [name for name in methods if (sample.row, name) not in done] for sample in samples}
    asked = [(sample, left[sample.row]) for sample in samples if left[sample.row]]
    with _judges(loaded, jobs if asked else 1) as judged:
        answers = judged(asked)
        for sample in samples:
            if left[sample.row]:
                done |= {(line["row"], line["method"]): line for line in next(answers)}
                write_text(path, "".join(json.dumps(one | {"weights": weights}) + "\n" for one in done.values()))
            yield from (done[sample.row, name] for name in methods)


Asked = tuple[Sample, list[str]]


@contextmanager
def _judges(loaded: Checkpoint, jobs: int) -> Iterator[Callable[[Sequence[Asked]], Iterator[list[dict[str, Any]]]]]:
    """What turns faces and methods into lines, face by face: this process, or several others."""
    if jobs == 1:
        yield lambda asked: (judge(loaded, *one) for one in asked)
        return
    threads = max(1, len(os.sched_getaffinity(0)) // jobs) if hasattr(os, "sched_getaffinity") else 1
    spawned = multiprocessing.get_context("spawn")  # a copy of this process would hold torch's threads in any state
    with ProcessPoolExecutor(jobs, spawned, _prepare, (loaded.folder, threads)) as pool:
        try:
            yield lambda asked: pool.map(_judge, asked)
        finally:
            pool.shutdown(cancel_futures=True)


def judge(loaded: Checkpoint, sample: Sample, methods: Sequence[str]) -> list[dict[str, Any]]:
    """The lines of one face, one for each method."""
    from fer_explain.explain.faithfulness import examine
    from fer_explain.explain.faithfulness.probe import Answers
    from fer_explain.faces.preprocess import to_batch
    from fer_explain.models import architecture

    entry, config = architecture(loaded.config.architecture), loaded.config
    x, lines = to_batch(sample.pixels[None], config.input), []
    known: Answers = {}  # half of what a test asks is the same for all methods
    for name in methods:
        way = make_explainer(name)
        receipt = examine(loaded.model, entry, x, way, temperature=config.temperature, known=known, verdict_only=True)
        line = {"row": sample.row, "label": sample.label, "target": receipt.target, "method": name}
        line |= {"passed": receipt.passed, "ok": receipt.ok, "seconds": receipt.seconds}
        for check in receipt.checks:
            line |= {f"{check.name}_passed": check.passed, f"{check.name}": check.value}
            line[f"{check.name}_bar"] = check.bar
        lines.append(line)
    return lines


_own: list[Checkpoint] = []  # of a process that judges


def _prepare(folder: Path, threads: int) -> None:
    import torch

    from fer_explain.hub.checkpoint import load_checkpoint

    torch.set_num_threads(threads)
    _own.append(load_checkpoint(folder))


def _judge(asked: Asked) -> list[dict[str, Any]]:
    return judge(_own[0], *asked)


def _done(path: Path, weights: str) -> dict[tuple[int, str], dict[str, Any]]:
    """The lines that an earlier run kept of these weights, by row and method."""
    lines = {}
    try:
        for line in map(json.loads, path.read_text("utf-8").splitlines() if path.exists() else []):
            if line.pop("weights") == weights:
                lines[line["row"], line["method"]] = line
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FerError(f"{path} is not what an earlier run of explain.benchmark wrote: {error}.") from error
    return lines


def seconds_of(loaded: Checkpoint, samples: Sequence[Sample], way: str) -> float:
    """Processor time of a map, the median over the first few faces: a clock would time the machine's other work."""
    from fer_explain.faces.preprocess import to_batch
    from fer_explain.models import architecture

    times = []
    for sample in samples[:TIMED]:
        x = to_batch(sample.pixels[None], loaded.config.input)
        start = time.process_time()
        make_explainer(way).attribute(loaded.model, architecture(loaded.config.architecture), x)
        times.append(time.process_time() - start)
    return float(np.median(times))


def write_explanations(
    loaded: Checkpoint, ranking: pd.DataFrame, samples: Sequence[Sample], split: str, seed: int, skip: int
) -> None:
    """Writes what was measured into the checkpoint's folder, see :mod:`fer_explain.explain.tested`."""
    from fer_explain.benchmark.published import wilson_interval
    from fer_explain.explain.tested import Explanations, Trial
    from fer_explain.hub.weights import weights_fingerprint

    trials = []
    for line in ranking.sort_values(["ok", "score"], ascending=False).to_dict("records"):
        name, settings = read_settings(line["method"])
        low, high = wilson_interval(line["ok"], line["faces"])
        checks = {check: round(line[check], 4) for check in CHECKS}
        shares = (round(line["ok"], 4), round(low, 4), round(high, 4))
        took = round(seconds_of(loaded, samples, line["method"]), 3)
        trials.append(Trial(name, settings, line["faces"], *shares, checks, took))
    Explanations(weights_fingerprint(loaded.folder), split, seed, skip, trials).write(loaded.folder)
