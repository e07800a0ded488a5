"""The resumable state of a run, written after each epoch and every few minutes in between."""

from __future__ import annotations

import os
import pickle
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from fer_explain.errors import FerError
from fer_explain.hub.files import write_atomically
from training.schedule import Plan

FILE: Final = "state.pt"


@dataclass(slots=True)
class RunState:
    """Where a run stands after ``step`` updates of the weights.

    Nothing random is in it: order, augmentation and dropout of a step are drawn from generators that are seeded with
    (seed, step) alone (:func:`seed_of`), and its learning rate is a function of step, plan and history. So a resumed
    run does what the uninterrupted one would have done.

    Attributes:
        fingerprint: of configuration and data; nothing else may go on with it.
        step: updates done.
        plan: (steps, since, passed) of the :class:`Plan`; empty before the first step.
        seconds: that the run has taken in all its sittings.
        losses: (steps of an epoch,) of the epoch that is under way.
        history: one row per finished epoch.
    """

    fingerprint: str
    step: int = 0
    plan: tuple[int, int, float] | tuple[()] = ()
    seconds: float = 0.0
    losses: Tensor | None = None
    best_accuracy: float = -1.0
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)
    ema: dict[str, Any] | None = None
    optimizer: dict[str, Any] = field(default_factory=dict)
    scaler: dict[str, Any] | None = None

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""
        return len(self.history)

    def planned(self, steps: int) -> Plan:
        """The plan of the run; of ``steps`` steps where it has none yet."""
        return Plan(*self.plan) if self.plan else Plan(steps)

    def save(self, folder: Path) -> None:
        """Writes the state atomically.

        Raises:
            FerError: the disk is full or the folder cannot be written; the former state is kept.
        """
        entries = {name: getattr(self, name) for name in self.__slots__}
        write_atomically(folder / FILE, lambda path: torch.save(entries, path))
        sync_folder(folder)

    @classmethod
    def load(cls, folder: Path, fingerprint: str) -> RunState:
        """Reads the state of an interrupted run.

        Raises:
            FerError: there is none, it is damaged, or it belongs to another configuration or other data.
        """
        path = folder / FILE
        try:
            state = cls(**torch.load(path, map_location="cpu", weights_only=True))
        except FileNotFoundError as error:
            raise FerError(f"--resume: {path} is missing; start without --resume.") from error
        except (OSError, RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise FerError(f"--resume: {path} is not a readable training state; start without --resume.") from error
        if state.fingerprint != fingerprint:
            raise FerError(
                f"--resume: {path} belongs to a run with other options or data; give those, or another --output."
            )
        return state


def seed_of(*numbers: int) -> int:
    """A seed that differs wherever one of the numbers does; near numbers give unrelated seeds."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])


def sync_folder(folder: Path) -> None:
    """Flushes a folder's entries to the disk: without it a power cut may undo a rename."""
    with suppress(OSError):  # some network file systems cannot; the rename itself is done
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Deletes the temporary files that a killed run was writing."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)
