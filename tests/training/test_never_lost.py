"""A run that is killed twenty times, and one whose disk is full, read-only or whose loss is lost."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from torch import nn

from fer_explain.errors import FerError
from fer_explain.types import InputSpec
from tests.training.forked import LIVES, build, faces
from training.clock import Clock
from training.config import TrainConfig
from training.engine import Engine
from training.interrupt import StopRequest
from training.state import FILE, RunState, remove_leftovers

ROOT = Path(__file__).parents[2]
SPEC = InputSpec(16, 1, (0.5,), (0.5,))
CONFIG = TrainConfig(epochs=3, batch_size=8, ema=0.9)
TRAIN, VALIDATION = faces("train", 51), faces("validation", 21)


class Notes:
    """A recorder that keeps the state in memory, or in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder, self.saved, self.epochs = folder, 0, 0

    def keep(self, state: RunState) -> None:
        self.saved += 1
        if self.folder:
            state.save(self.folder)

    def epoch(self, state: RunState, kept: nn.Module, is_best: bool) -> None:
        self.epochs += 1
        self.keep(state)


def engine(config: TrainConfig = CONFIG, state: RunState | None = None, **options: Any) -> Engine:
    torch.manual_seed(0)
    return Engine(build(7, False), SPEC, config, state or RunState("test"), Accelerator(), **options)


@pytest.mark.slow
def test_killed_twenty_times_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.training.forked", "killed", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True)
    story = json.loads((tmp_path / "deaths.json").read_text())
    assert len(story["deaths"]) == LIVES
    assert all(death["killed"] for death in story["deaths"]), "it was to be killed in the middle, each time"
    assert story["status"] == 0
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert (broken / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    histories = [pd.read_csv(folder / "history.csv").drop(columns="seconds") for folder in (broken, whole)]
    pd.testing.assert_frame_equal(*histories)
    assert not list(broken.glob(".*.tmp"))


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The operating system refuses to let any file of this process grow beyond ``size`` bytes."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_write_that_the_system_refuses_keeps_the_last_good_state(tmp_path: Path) -> None:
    state = RunState("test", step=1, model={"w": torch.zeros(100)})
    state.save(tmp_path)
    state.step, state.model = 2, {"w": torch.zeros(100_000)}
    with largest_file(50_000), pytest.raises(FerError, match=r"could not be written .* last good file is kept") as stop:
        state.save(tmp_path)
    assert "\n" not in str(stop.value)
    assert RunState.load(tmp_path, "test").step == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FerError, match="No space left on device"):
        engine().fit(TRAIN, VALIDATION, Notes(tmp_path))


def test_a_folder_that_cannot_be_written_stops_the_run_before_its_first_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    stuck = engine()
    with pytest.raises(FerError, match="could not be written"):
        stuck.fit(TRAIN, VALIDATION, Notes(tmp_path / "file" / "run"))
    assert stuck.state.step == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FerError, match="Permission denied"):
        RunState("test").save(tmp_path)


def test_a_lost_loss_names_the_row_ids_of_its_batch_and_keeps_the_state(tmp_path: Path) -> None:
    class Fragile(nn.Module):
        """Its loss is NaN for the batch that holds the one white face."""

        def __init__(self) -> None:
            super().__init__()
            self.body = build(7, False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.body(x)
            return logits * torch.where(x.amin((1, 2, 3)) > 0.99, torch.nan, 1.0)[:, None] if self.training else logits

    images = np.minimum(TRAIN.images, 250)
    images[17] = 255
    still = TrainConfig(epochs=2, batch_size=8, light=0, erase=0, translate=0, rotate=0)
    lost = Engine(Fragile(), SPEC, still, RunState("test"), Accelerator())
    with pytest.raises(FerError, match=r"loss is nan in epoch 1, step \d") as stop:
        lost.fit(replace(TRAIN, images=images), VALIDATION, Notes(tmp_path))
    named = str(stop.value).split("row ids ")[1].split(";")[0].split(", ")
    assert len(named) == 8
    assert str(TRAIN.rows[17]) in named
    assert RunState.load(tmp_path, "test").step == 0


def test_weights_that_are_lost_are_never_saved(tmp_path: Path) -> None:
    broken = engine()
    with torch.no_grad():
        next(broken.learner.plain.parameters())[:] = torch.inf
    with pytest.raises(FerError, match="weights are no longer finite"):
        broken._keep(Notes(tmp_path))
    assert not (tmp_path / FILE).exists()


def test_ctrl_c_stops_between_two_steps_and_the_run_goes_on_from_there(tmp_path: Path) -> None:
    whole = engine()
    whole.fit(TRAIN, VALIDATION, Notes())
    stopped = engine()
    update = stopped.learner.update

    def interrupted(*args: Any) -> Any:
        if stopped.state.step == 9:
            signal.raise_signal(signal.SIGINT)
        return update(*args)

    stopped.learner.update = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt, match="stopped in epoch 2 after step 10; go on with --resume"):
        stopped.fit(TRAIN, VALIDATION, Notes(tmp_path))
    resumed = engine(state=RunState.load(tmp_path, "test"))
    assert resumed.state.step == 10
    resumed.fit(TRAIN, VALIDATION, Notes())
    for name, weights in whole.learner.kept.state_dict().items():
        assert torch.equal(resumed.learner.kept.state_dict()[name], weights), name


def test_a_second_ctrl_c_acts_at_once() -> None:
    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        _interrupt_twice()
    finally:
        signal.signal(signal.SIGINT, former)


def _interrupt_twice() -> None:
    with StopRequest() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Ticking:
    """A clock whose every step takes a second: it reads the number of steps done."""

    def __init__(self) -> None:
        self.engine: Engine | None = None

    def __call__(self) -> float:
        return float(self.engine.state.step) if self.engine else 0.0


def test_a_time_budget_shortens_the_plan_and_the_schedule_reaches_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ticking = Ticking()
    monkeypatch.setattr("training.engine.time.perf_counter", ticking)
    config = replace(CONFIG, epochs=100)  # 600 steps, of which about 45 fit
    hurried = engine(config, clock=Clock(50.0, now=ticking))
    ticking.engine = hurried
    notes = Notes()
    hurried.fit(TRAIN, VALIDATION, notes)
    assert 40 <= hurried.state.step <= 49
    assert notes.epochs == -(-hurried.state.step // hurried.per_epoch)
    assert hurried.plan.progress(hurried.state.step) == 1.0
    assert hurried.state.history[-1]["lr"] < 0.05 * config.lr


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".state.pt.123.tmp").touch()
    (tmp_path / "model.safetensors").touch()
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
