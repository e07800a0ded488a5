"""The resumable state of a run, written once per epoch so that a killed run loses at most that epoch."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from fer_explain.errors import FerError
from fer_explain.hub.files import write_atomically

FILE = "state.pt"


@dataclass(slots=True)
class RunState:
    """Where a run stands after ``epoch`` epochs.

    No random state is kept: the generators are seeded anew from (seed, epoch) at each epoch's start, so that a resumed
    run draws what the uninterrupted one would have drawn.
    """

    fingerprint: str
    epoch: int = 0
    best_accuracy: float = -1.0
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)
    ema: dict[str, Any] | None = None
    optimizer: dict[str, Any] = field(default_factory=dict)
    scaler: dict[str, Any] | None = None

    def save(self, folder: Path) -> None:
        """Writes the state atomically."""
        entries = {name: getattr(self, name) for name in self.__slots__}
        write_atomically(folder / FILE, lambda path: torch.save(entries, path))

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
