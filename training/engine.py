"""The training loop: epochs within a plan and a time budget, judged on validation, kept so that no run is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn
from tqdm import tqdm

from fer_explain.errors import FerError
from fer_explain.types import InputSpec
from training.batches import Split, on_device
from training.clock import Clock
from training.config import TrainConfig
from training.data import FaceSet
from training.interrupt import StopRequest
from training.learner import Learner
from training.loss import attention_penalty
from training.schedule import Plan, learning_rate
from training.state import RunState, seed_of
from training.targets import label_targets

CHECK_EVERY: Final = 50  # steps between two looks at the loss, which on a GPU wait for it
_FIRST_CHECK: Final = 10  # so that a short time budget is fitted early
_VALIDATION_COST: Final = 1 / 3  # of training's, per image, until it is measured: there is no backward pass


class Recorder(Protocol):
    """What the engine hands its results to; called in the main process only."""

    def epoch(self, state: RunState, kept: nn.Module, is_best: bool) -> None:
        """An epoch has ended; ``kept`` holds the weights a checkpoint would get."""

    def keep(self, state: RunState) -> None:
        """The state is to be written."""


class Engine:
    """Trains one network.

    Args:
        model: forward gives logits (N, K).
        spec: the input it wants.
        config: the recipe.
        state: a fresh or a resumed state; kept up to date.
        accelerator: the device or devices.
        clock: the time the run has taken and may take.
        save_every: seconds between two saves of the state within an epoch; 0 = only after epochs.
    """

    def __init__(
        self,
        model: nn.Module,
        spec: InputSpec,
        config: TrainConfig,
        state: RunState,
        accelerator: Accelerator,
        *,
        clock: Clock | None = None,
        save_every: float = 0.0,
    ) -> None:
        self.config, self.state, self.accelerator = config, state, accelerator
        self.learner = Learner(model, spec, config, state, accelerator)
        self.clock, self.save_every = clock or Clock(), save_every
        self.stop = StopRequest()
        self.per_epoch, self.plan = 1, Plan(0)
        self._validation_images, self._validation_seconds = 0, 0.0
        self._pace, self._saved = (0.0, 0), 0.0

    def fit(self, train: FaceSet, validation: FaceSet, record: Recorder, teachers: Tensor | None = None) -> None:
        """Takes the steps that are left, and hands the state to ``record`` after each epoch and every few minutes.

        Args:
            train: what to learn.
            validation: what to choose the epoch by.
            record: writes it down.
            teachers: softened distributions (2, N, K) for the plain and the mirrored training images.

        Raises:
            FerError: the loss is no longer finite, or the state cannot be written.
            KeyboardInterrupt: Ctrl-C or SIGTERM came; the state is written.
        """
        split = on_device(train, self.accelerator.device, teachers, label_targets(train, self.config.labels))
        self.prepare(split)
        self._validation_images = len(validation)
        if self.state.step == 0:
            self._keep(record)  # from here on, a killed run can be resumed
        with self.stop:
            while self.state.epoch * self.per_epoch < self.plan.steps and not self._out_of_patience():
                began = self.clock.elapsed()
                loss = self.train_epoch(split, train, record)
                is_best = self._validate(train, validation, loss, began)
                self._snapshot()
                if self.accelerator.is_main_process:
                    record.epoch(self.state, self.learner.kept, is_best)
                self.accelerator.wait_for_everyone()

    def prepare(self, split: Split) -> None:
        """What depends on the data: class weights, steps per epoch, the plan."""
        self.learner.prepare(split)
        self.per_epoch = max(1, len(split) // self.config.batch_size)
        self.plan = self.state.planned(self.config.epochs * self.per_epoch)

    def train_epoch(self, split: Split, faces: FaceSet | None = None, record: Recorder | None = None) -> float:
        """One pass over the training split, or what is left of it; returns the mean loss.

        Args:
            split: the training split.
            faces: the same with its row ids, to name a bad batch by.
            record: keeps the state within the epoch; None: it is not kept.

        Raises:
            FerError: the loss is no longer finite.
            KeyboardInterrupt: the run was asked to stop.
        """
        state, size = self.state, self.config.batch_size
        order = self._order(len(split)).to(split.labels.device)
        first = state.epoch * self.per_epoch
        self.learner.grow(self.plan.progress(state.step))
        losses = torch.zeros(self.per_epoch, device=order.device) if state.losses is None else state.losses
        losses = state.losses = losses.to(order.device)
        self.learner.model.train()
        self._pace = (time.perf_counter(), state.step)
        self._saved = time.monotonic()
        with attention_penalty(self.learner.plain) as penalties, self._bar(first) as bar:
            while state.step < min(first + self.per_epoch, self.plan.steps):
                rows = order[(state.step - first) * size :][:size]
                losses[state.step - first] = self.learner.update(split, rows, penalties, state.step, self._rate())
                state.step += 1
                bar.update()
                if self._is_check_due(first):
                    self._stop_if_lost(losses[: state.step - first], order, faces)
                    bar.set_postfix(loss=f"{float(losses[state.step - first - 1]):.3f}")
                    self._fit_to_budget()
                    self._pause(record)
        state.losses = None
        return float(self.accelerator.reduce(losses[: max(1, state.step - first)].mean(), "mean"))

    def _order(self, n: int) -> Tensor:
        """The places of the epoch's images: the same in every process, and after a resume."""
        generator = torch.Generator().manual_seed(seed_of(self.config.seed, 0, self.state.epoch))
        return torch.randperm(n, generator=generator)

    def _rate(self) -> float:
        accuracies = [row["validation_accuracy"] for row in self.state.history]
        return learning_rate(self.plan.progress(self.state.step), self.config, self.state.step, accuracies)

    def _is_check_due(self, first: int) -> bool:
        """Whether to look up from the work: every 50 steps, at the epoch's end, and when asked to stop."""
        done = self.state.step - first
        at_end = done == self.per_epoch or self.state.step == self.plan.steps
        asked = self.stop.requested and self.accelerator.num_processes == 1
        return done % CHECK_EVERY == 0 or done == _FIRST_CHECK or at_end or asked

    def _stop_if_lost(self, losses: Tensor, order: Tensor, faces: FaceSet | None) -> None:
        """Names the first batch whose loss is not finite by the data's row ids."""
        if torch.isfinite(losses).all():
            return
        place = int((~torch.isfinite(losses)).nonzero()[0])
        size = self.config.batch_size
        rows = order[place * size : (place + 1) * size].cpu().numpy()
        named = rows if faces is None else faces.rows[rows]
        raise FerError(
            f"The loss is {float(losses[place])} in epoch {self.state.epoch + 1}, step {place + 1}, on the images with "
            f"row ids {', '.join(map(str, named))}; the last good checkpoint is kept. Lower --lr in a new --output."
        )

    def _fit_to_budget(self) -> None:
        """Refits the plan to the time that is left, by the pace since the last look."""
        now, (then, since), step = time.perf_counter(), self._pace, self.state.step
        self._pace = (now, step)
        if not self.clock.budget or not since < step < self.plan.steps:
            return
        pace = (now - then) / (step - since)
        guess = pace * _VALIDATION_COST * self._validation_images / self.config.batch_size
        fits = step + self.clock.steps_that_fit(pace, self._validation_seconds or guess, self.per_epoch)
        steps = [min(self.config.epochs * self.per_epoch, fits)]
        if self.accelerator.num_processes > 1:
            broadcast_object_list(steps)  # all go by the main process's clock
        self.plan = self.plan.ending_after(steps[0], step)

    def _pause(self, record: Recorder | None) -> None:
        """Between two steps: keeps the state when it is time to, and stops when asked to."""
        if record is None:
            return
        stop = self._any_process(self.stop.requested)
        if stop or (self.save_every and time.monotonic() - self._saved >= self.save_every):
            self._keep(record)
            self._saved = time.monotonic()
        if stop:
            raise KeyboardInterrupt(
                f"stopped in epoch {self.state.epoch + 1} after step {self.state.step}; go on with --resume"
            )

    def _any_process(self, flag: bool) -> bool:
        if self.accelerator.num_processes == 1:
            return flag
        return bool(self.accelerator.reduce(torch.tensor(float(flag), device=self.accelerator.device)) > 0)

    def _validate(self, train: FaceSet, validation: FaceSet, loss: float, began: float) -> bool:
        """Books an epoch into the state; returns whether it is the best so far on validation."""
        started, state = time.perf_counter(), self.state
        validation_loss, accuracy = self.learner.judge(train, validation, state.epoch)
        self._validation_seconds = time.perf_counter() - started
        state.history.append(
            {
                "epoch": state.epoch + 1,
                "lr": self.learner.optimizer.param_groups[0]["lr"],
                "train_loss": loss,
                "validation_loss": validation_loss,
                "validation_accuracy": accuracy,
                "seconds": round(self.clock.elapsed() - began, 1),
            }
        )
        is_best = accuracy > state.best_accuracy
        if is_best:
            state.best_accuracy, state.best_epoch = accuracy, state.epoch
        return is_best

    def _keep(self, record: Recorder) -> None:
        self._snapshot()
        if self.accelerator.is_main_process:
            record.keep(self.state)

    def _snapshot(self) -> None:
        """Brings the state up to date; its tensors are the living ones, so it is written before the next step.

        Raises:
            FerError: the weights are no longer finite.
        """
        state = self.state
        self.learner.snapshot(state)
        state.plan = (self.plan.steps, self.plan.since, self.plan.passed)
        state.seconds = self.clock.elapsed()

    def _out_of_patience(self) -> bool:
        patience = self.config.patience
        return bool(patience) and self.state.epoch - self.state.best_epoch >= patience

    @contextmanager
    def _bar(self, first: int) -> Iterator[Any]:
        epochs = -(-self.plan.steps // self.per_epoch)
        with tqdm(
            total=min(self.per_epoch, self.plan.steps - first),
            initial=self.state.step - first,
            desc=f"epoch {self.state.epoch + 1}/{epochs}",
            leave=False,
            disable=None if self.accelerator.is_main_process else True,
        ) as bar:
            yield bar
