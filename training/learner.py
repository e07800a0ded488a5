"""What learns: a network, its optimizer and its moving average. Batches are cut, augmented and mixed on the device."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
from accelerate import Accelerator
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.types import InputSpec
from training.augment import draw
from training.batches import Split, make_batch
from training.config import TrainConfig
from training.data import FaceSet
from training.loss import class_weights, classification_loss, log_prior
from training.norms import measure_norms
from training.optimizer import make_optimizer, set_rate
from training.precision import keep_depthwise_in_float32
from training.state import RunState, seed_of
from training.validation import validation_logits

_GROWN_AFTER: Final = 0.7  # share of the run after which the views have their full size


class Learner:
    """Takes one batch after another.

    Args:
        model: forward gives logits (N, K).
        spec: the input it wants.
        config: the recipe.
        state: a fresh or a resumed state, whose weights it takes.
        accelerator: the device or devices.

    Attributes:
        plain: the network on its device.
        model: the same, as the accelerator prepared it.
        ema: the moving average of its weights, where the recipe has one.
    """

    def __init__(
        self, model: nn.Module, spec: InputSpec, config: TrainConfig, state: RunState, accelerator: Accelerator
    ) -> None:
        self.spec, self.config, self.accelerator = spec, config, accelerator
        self.views = replace(spec, size=config.start_size or config.train_size or spec.size)
        self.plain = model.to(accelerator.device).to(memory_format=torch.channels_last)
        self.ema = ModelEmaV3(self.plain, decay=config.ema, use_warmup=True) if config.ema else None
        optimizer = make_optimizer(self.plain, config)
        if state.model:
            self.plain.load_state_dict(state.model)
            optimizer.load_state_dict(state.optimizer)
            if self.ema is not None and state.ema is not None:
                self.ema.module.load_state_dict(state.ema)
        self.model, self.optimizer = accelerator.prepare(self.plain, optimizer)
        if config.precision == "bf16" and accelerator.device.type == "cpu":
            keep_depthwise_in_float32(self.plain)
        self.forward = torch.compile(self.model) if config.compile else self.model
        if state.scaler and accelerator.scaler:
            accelerator.scaler.load_state_dict(state.scaler)
        self.weights: Tensor | None = None
        self.prior: Tensor | None = None

    @property
    def kept(self) -> nn.Module:
        """The weights a checkpoint gets: the moving average's where there is one."""
        return self.ema.module if self.ema is not None else self.plain

    def prepare(self, split: Split) -> None:
        """Takes the weights of the classes, and how frequent they are, from the training split."""
        self.weights = class_weights(split.labels, split.classes, self.config.class_weights)
        self.prior = log_prior(split.labels, split.targets, split.classes, self.config.logit_adjustment)

    def grow(self, progress: float) -> None:
        """Sets the views' side for an epoch: a multiple of 8 that grows with the run, or the same all along.

        Args:
            progress: share of the run that is done (0..1).
        """
        full = self.config.train_size or self.spec.size
        start = self.config.start_size or full
        grown = start + (full - start) * min(1.0, progress / _GROWN_AFTER)
        self.views = replace(self.views, size=min(full, round(grown / 8) * 8) if start != full else full)

    def update(self, split: Split, rows: Tensor, penalties: list[Tensor], step: int, rate: float) -> Tensor:
        """One update of the weights; returns the loss, detached.

        Args:
            split: the training split.
            rows: places of the batch in it.
            penalties: filled by :func:`training.loss.attention_penalty` as the network runs.
            step: number of the update in the run.
            rate: learning rate.

        All processes draw for the whole batch and each takes its share, so that an image looks the same however many
        of them there are. What depends on a batch's company does not: batch norm, mixup and EmoNeXt's regulariser see
        one process's part of a batch.
        """
        config, accelerator = self.config, self.accelerator
        torch.manual_seed(seed_of(config.seed, 1, step))
        draws = draw(len(rows), config)
        if accelerator.num_processes > 1:
            share = slice(accelerator.process_index, None, accelerator.num_processes)
            rows, draws = rows[share], draws[share]
            torch.manual_seed(seed_of(config.seed, 1, step, accelerator.process_index))
        if rows.is_cuda:  # from pinned memory the copy does not wait for the card
            draws = draws.pin_memory().to(rows.device, non_blocking=True)
        set_rate(self.optimizer, rate)
        total = torch.zeros((), device=rows.device)
        for some, their in zip(rows.chunk(config.accumulate), draws.chunk(config.accumulate), strict=True):
            with accelerator.accumulate(self.model):
                loss = self._loss(split, some, their, penalties)
                accelerator.backward(loss)
                self._clip()
                self.optimizer.step()
                self.optimizer.zero_grad()
            total += loss.detach() / config.accumulate
        if self.ema is not None and (step + 1) % config.ema_every == 0:
            self.ema.update(self.plain, step=step)
        return total

    def _loss(self, split: Split, rows: Tensor, draws: Tensor, penalties: list[Tensor]) -> Tensor:
        config = self.config
        x, targets = make_batch(split, rows, draws, self.views, config)
        penalties.clear()
        with self.accelerator.autocast():
            logits = self.forward(x)
        loss = classification_loss(logits, targets, config, self.weights, self.prior)
        if penalties:  # also when lambda is 0: several processes need a gradient for every weight
            loss = loss + config.attention_weight * penalties[0]
        return loss

    def _clip(self) -> None:
        if not self.config.clip or not self.accelerator.sync_gradients:
            return
        if self.config.clip_scaled:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        else:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.config.clip)

    def judge(self, train: FaceSet, validation: FaceSet, epoch: int) -> tuple[float, float]:
        """Loss and accuracy on validation, by the weights that the recipe judges; batch norms are measured before."""
        judged = self.plain if self.config.validate_on == "raw" else self.kept
        if self.config.precise_bn:
            for model in {id(model): model for model in (judged, self.kept)}.values():
                measure_norms(model, train, self.config.precise_bn, self.spec)
        logits = validation_logits(judged, validation, self.spec, self.config, epoch)
        labels = torch.from_numpy(validation.labels)
        return float(nn.functional.cross_entropy(logits, labels)), float((logits.argmax(1) == labels).float().mean())

    def snapshot(self, state: RunState) -> None:
        """Puts the weights into the state. They are the living ones, so it is written before the next update.

        Raises:
            FerError: the weights are no longer finite.
        """
        if not all(bool(torch.isfinite(parameter).all()) for parameter in self.plain.parameters()):
            raise FerError(
                f"The weights are no longer finite after step {state.step}; the last good checkpoint is kept. "
                "Lower --lr in a new --output."
            )
        scaler = self.accelerator.scaler
        state.model = self.plain.state_dict()
        state.ema = self.ema.module.state_dict() if self.ema is not None else None
        state.optimizer = self.optimizer.state_dict()
        state.scaler = scaler.state_dict() if scaler else None
