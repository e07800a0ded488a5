"""Runs that are killed and runs of several processes, forked from one process so that the imports are paid for once.

    python -m tests.training.forked killed FOLDER     # leaves FOLDER/whole and FOLDER/broken
    python -m tests.training.forked several FOLDER    # leaves FOLDER/one, FOLDER/two and FOLDER/accumulated

No test itself: :mod:`tests.training.test_never_lost` and :mod:`tests.training.test_several_processes` start it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from fer_explain.emotions import LABELS
from fer_explain.models.registry import Architecture, register
from fer_explain.types import InputSpec
from training import engine, learner
from training.config import TrainConfig
from training.data import FaceSet
from training.options import RunOptions
from training.run import train
from training.state import FILE

LIVES = 20  # times a run is killed
LONGEST = 16  # moments a run lives at most before it is killed
EPOCHS, BATCH = 7, 8


def build(num_classes: int, pretrained: bool, *, noisy: bool = True) -> nn.Module:
    """With batch norm and dropout, or (``noisy=False``) with nothing that depends on the company of an image."""
    norm: nn.Module = nn.BatchNorm2d(8) if noisy else nn.GroupNorm(2, 8)
    body = [nn.Conv2d(1, 8, 3, 2, 1), norm, nn.ReLU(), nn.Dropout(0.2 if noisy else 0.0)]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, num_classes))


def faces(split: str, n: int) -> FaceSet:
    rng = np.random.default_rng(n)
    labels = np.arange(n) % len(LABELS)
    images = rng.integers(0, 80, (n, 16, 16), dtype=np.uint8) + (labels * 20).astype(np.uint8)[:, None, None]
    return FaceSet("made up", split, images, labels, np.arange(n) + 1000)


def run(output: Path, *, resume: bool = False, save_every: float = 1e-9, **options: Any) -> None:
    config = TrainConfig(epochs=EPOCHS, batch_size=BATCH, ema=0.9, precision="no", **options)
    how = RunOptions(recipe="test", resume=resume, save_every=save_every)
    train("fork_test", config, faces("train", 6 * BATCH + 3), faces("validation", 21), output, how)


def forked(work: Callable[[], None], environment: dict[str, str] | None = None) -> int:
    """Starts ``work`` in a child; returns the child's id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.environ.update(environment or {})
        work()
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def die_after(moments: int) -> None:
    """Has this process killed at its n-th moment: before an update, a flush to the disk, or a renaming."""
    left = iter(range(moments - 1, -1, -1))

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return wrapped

    learner.Learner.update = counted(learner.Learner.update)  # type: ignore[method-assign]
    os.fsync = counted(os.fsync)
    Path.replace = counted(Path.replace)  # type: ignore[method-assign]


def killed(folder: Path) -> None:
    engine.CHECK_EVERY = 2  # type: ignore[misc]  # the state is saved every other step
    os.waitpid(forked(lambda: run(folder / "whole")), 0)
    moments, broken, deaths = random.Random(4), folder / "broken", []

    def live(moment: int | None) -> None:
        if moment is not None:
            die_after(moment)
        run(broken, resume=(broken / FILE).exists())

    for _ in range(LIVES):
        _, status = os.waitpid(forked(partial(live, moments.randint(1, LONGEST))), 0)
        deaths.append({"killed": os.WIFSIGNALED(status), "left": sorted(path.name for path in broken.glob("*"))})
    _, status = os.waitpid(forked(partial(live, None)), 0)
    (folder / "deaths.json").write_text(json.dumps({"deaths": deaths, "status": status}))


def several(folder: Path) -> None:
    calm = {"model_args": {"noisy": False}, "optimizer": "sgd", "lr": 0.05}
    os.waitpid(forked(lambda: run(folder / "one", **calm)), 0)
    os.waitpid(forked(lambda: run(folder / "accumulated", accumulate=2, **calm)), 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"ACCELERATE_USE_CPU": "true", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    children = [
        forked(lambda: run(folder / "two", **calm), shared | {"RANK": rank, "LOCAL_RANK": rank}) for rank in ("0", "1")
    ]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]


if __name__ == "__main__":
    register(Architecture("fork_test", build, InputSpec(16, 1, (0.5,), (0.5,)), cam_layer="0", summary="for tests"))
    {"killed": killed, "several": several}[sys.argv[1]](Path(sys.argv[2]))
