"""What a run leaves behind as it goes on: the checkpoint, history.csv, the resumable state, a table on the screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd
from torch import nn
from tqdm import tqdm

from fer_explain.hub.checkpoint import CheckpointConfig, save_checkpoint
from fer_explain.hub.files import write_atomically
from fer_explain.hub.folder import HISTORY
from training.config import TrainConfig
from training.state import RunState, sync_folder
from training.trackers import Tracker

_HEADER: Final = "  epoch       lr   loss  val. loss  val. accuracy    time   left"


class Record:
    """Keeps a run, each file atomically, the state last: a run killed in between repeats what the state does not know.

    Args:
        output: the checkpoint folder.
        checkpoint: what config.json says, but for the epoch.
        config: the recipe.
        per_epoch: steps of an epoch.
        tracker: gets every epoch's numbers too.
    """

    def __init__(
        self, output: Path, checkpoint: CheckpointConfig, config: TrainConfig, per_epoch: int, tracker: Tracker
    ) -> None:
        self.output, self.checkpoint, self.config = output, checkpoint, config
        self.per_epoch, self.tracker = per_epoch, tracker
        self.keeps_state = True  # False: a run that is not to be resumed spares the disk
        self._has_header = False

    def keep(self, state: RunState) -> None:
        """Writes the state.

        Raises:
            FerError: it cannot be written; the former one is kept.
        """
        if self.keeps_state:
            state.save(self.output)

    def epoch(self, state: RunState, kept: nn.Module, is_best: bool) -> None:
        """Writes what an epoch changed, and prints its row of the table.

        Raises:
            FerError: a file cannot be written; the last good one is kept.
        """
        if is_best or self.config.keep == "last":
            provenance = self.checkpoint.provenance | {"epochs": state.epoch, "of": self._epochs(state)}
            save_checkpoint(self.output, kept, replace(self.checkpoint, provenance=provenance))
            sync_folder(self.output)
        table = pd.DataFrame(state.history)
        write_atomically(self.output / HISTORY, lambda path: table.to_csv(path, index=False, float_format="%.6g"))
        self.keep(state)
        last = state.history[-1]
        self.tracker.log(state.epoch, {name: value for name, value in last.items() if name != "epoch"})
        if not self._has_header:
            tqdm.write(_HEADER)
            self._has_header = True
        tqdm.write(self._row(state, is_best))

    def _epochs(self, state: RunState) -> int:
        """Epochs the run will have, the last one maybe cut short."""
        return -(-state.planned(self.config.epochs * self.per_epoch).steps // self.per_epoch)

    def _row(self, state: RunState, is_best: bool) -> str:
        last, plan = state.history[-1], state.planned(self.config.epochs * self.per_epoch)
        left = state.seconds / max(1, state.step) * max(0, plan.steps - state.step)
        return (
            f"{state.epoch:3d}/{self._epochs(state):<3d} {last['lr']:8.2g}  {last['train_loss']:5.3f}  "
            f"{last['validation_loss']:9.3f}  {last['validation_accuracy']:12.2%}{'*' if is_best else ' '}  "
            f"{_duration(last['seconds']):>6}  {_duration(left):>5}"
        )


def _duration(seconds: float) -> str:
    """``45 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
