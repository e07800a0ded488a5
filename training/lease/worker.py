"""One training of a lease, in a process of its own: gets ready, waits for the word, trains, measures, writes.

Started by :mod:`training.lease.__main__` as ``python -m training.lease.worker OUTPUT NAME``. It reads its orders, a
pickle that the lease wrote itself, says "ready", and begins when a line with its seconds comes in. Everything slow that
needs no card (imports, reading the data) is over by then.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from fer_explain.hub.files import write_text
from fer_explain.hub.folder import WEIGHTS
from training.data import FaceSet
from training.lease.answers import mean_answers, save_answers
from training.lease.plan import Training
from training.measure import evaluate_checkpoint
from training.options import RunOptions
from training.run import train
from training.targets import without_non_faces

ORDERS: Final = "orders.pkl"
DONE: Final = "done.json"
_AFTERWARDS: Final = 0.06  # of the time, for measuring and answers


@dataclass(frozen=True, slots=True)
class Orders:
    """What all workers of a lease read.

    Attributes:
        trainings: by name.
        sets: the splits, by ``all`` | ``first``, then by name of the split.
        backbones: folder of the backbone weights.
        limit: largest batch; 0 = as the plan says.
        note: about the data, for the provenance.
    """

    trainings: dict[str, Training]
    sets: dict[str, dict[str, FaceSet]]
    backbones: Path | None = None
    limit: int = 0
    note: str = ""


def work(output: Path, name: str, orders: Orders, seconds: float) -> None:
    """Trains one network and leaves its folder in ``output``, with done.json as the last file."""
    training, folder = orders.trainings[name], output / name
    began = time.perf_counter()
    _use_the_card_well()
    sets, config = orders.sets[training.data], training.config
    if orders.limit:
        config = replace(config, batch_size=min(config.batch_size, orders.limit))
    train_set = without_non_faces(sets["train"], config.labels)
    answers = mean_answers([output / teacher for teacher in training.teachers], train_set)
    if answers is None:
        config = replace(config, distill=0.0)
    options = RunOptions(
        recipe=training.recipe,
        starts=(str(output / training.start),) if training.start else (),
        pretrained=orders.backbones / training.pretrained if training.pretrained and orders.backbones else False,
        time_budget=seconds * (1 - _AFTERWARDS) / 60,
        keep_state=False,
        taught_by=tuple(each for each in training.teachers if (output / each / DONE).exists()),
        note=orders.note,
    )
    train(training.model, config, train_set, sets["validation"], folder, options, answers)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if training.answers:
        save_answers(folder, train_set, torch.device(device))
    if training.test:
        evaluate_checkpoint(folder, orders.sets["first"]["test"], device)
    if not training.weights:
        (folder / WEIGHTS).unlink()
    report = {"seconds": round(time.perf_counter() - began, 1), "of": round(seconds, 1)}
    if torch.cuda.is_available():
        report["memory_gb"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    write_text(folder / DONE, json.dumps(report))


def _use_the_card_well() -> None:
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    # cudnn.benchmark stays off: on an H200 it took 25 s for one MobileNetV1, and anew for every size of the views.
    # Several processes share the CPU, and all that it does is to start kernels.
    torch.set_num_threads(max(1, min(2, (os.cpu_count() or 1) // 4)))


def main() -> None:
    """See the module's docstring."""
    output, name = Path(sys.argv[1]), sys.argv[2]
    with (output / ORDERS).open("rb") as file:
        orders: Orders = pickle.load(file)
    print("ready", flush=True)
    line = sys.stdin.readline()
    if line.strip():
        work(output, name, orders, float(line))


if __name__ == "__main__":
    main()
