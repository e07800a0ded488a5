"""The training loop: batches are cut, augmented and mixed on the device; a moving average is judged on validation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from accelerate import Accelerator
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from tqdm import tqdm

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.faces.preprocess import normalize, to_batch
from fer_explain.types import InputSpec
from training.augment import augment
from training.config import TrainConfig
from training.data import FaceSet
from training.loss import attention_penalty, mix, soft_cross_entropy, soft_targets
from training.state import RunState

Report = Callable[[RunState, nn.Module, bool], None]


class Engine:
    """Trains one network.

    Args:
        model: forward gives logits (N, K).
        spec: the input it wants.
        config: the recipe.
        state: a fresh or a resumed state; kept up to date.
    """

    def __init__(
        self, model: nn.Module, spec: InputSpec, config: TrainConfig, state: RunState, accelerator: Accelerator
    ) -> None:
        self.spec, self.config, self.state, self.accelerator = spec, config, state, accelerator
        model = model.to(accelerator.device).to(memory_format=torch.channels_last)
        self.ema = ModelEmaV3(model, decay=config.ema, use_warmup=True) if config.ema else None
        optimizer = create_optimizer_v2(
            parameter_groups(model, config), config.optimizer, lr=config.lr, momentum=config.momentum
        )
        if state.epoch:
            model.load_state_dict(state.model)
            optimizer.load_state_dict(state.optimizer)
            if self.ema is not None and state.ema is not None:
                self.ema.module.load_state_dict(state.ema)
        self.plain = model
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.forward = torch.compile(self.model) if config.compile else self.model
        if state.epoch and state.scaler and accelerator.scaler:
            accelerator.scaler.load_state_dict(state.scaler)

    @property
    def judged(self) -> nn.Module:
        """The weights that are validated and kept: the moving average's where there is one."""
        return self.ema.module if self.ema is not None else self.plain

    def fit(self, train: FaceSet, validation: FaceSet, report: Report) -> None:
        """Runs the epochs that are left; after each, ``report(state, judged model, is it the best so far)``."""
        images, labels = on_device(train, self.accelerator.device)
        while self.state.epoch < self.config.epochs and not self._out_of_patience():
            began = time.perf_counter()
            loss = self.train_epoch(images, labels)
            logits = predict(self.judged, validation, self.spec)
            accuracy = float((logits.argmax(1) == torch.from_numpy(validation.labels)).float().mean())
            is_best = self._advance(loss, accuracy, logits, validation, time.perf_counter() - began)
            if self.accelerator.is_main_process:
                report(self.state, self.judged, is_best)
            self.accelerator.wait_for_everyone()

    def train_epoch(self, images: Tensor, labels: Tensor) -> float:
        """One pass over the training split, as :func:`on_device` gives it; returns the mean loss.

        Raises:
            FerError: the loss is no longer finite.
        """
        epoch, accelerator = self.state.epoch, self.accelerator
        torch.manual_seed(self.config.seed * 100_003 + epoch)  # order: the same in every process
        order = torch.randperm(len(labels))
        torch.manual_seed((self.config.seed * 100_003 + epoch) * 1_009 + accelerator.process_index)
        steps = len(labels) // self.config.batch_size
        self.model.train()
        total = torch.zeros((), device=accelerator.device)
        progress = tqdm(
            self._batches(order, steps),
            total=steps,
            desc=f"epoch {epoch + 1}/{self.config.epochs}",
            leave=False,
            disable=None if accelerator.is_main_process else True,
        )
        with attention_penalty(self.plain) as penalties:
            for step, rows in enumerate(progress):
                self._set_rate(epoch + step / steps)
                total += self._step(images[rows], labels[rows], penalties)
                if self.ema is not None:
                    self.ema.update(self.plain, step=epoch * steps + step)
                if step % 50 == 0:
                    self._stop_if_lost(total, rows)
        mean = float(accelerator.reduce(total, "mean")) / steps
        if not math.isfinite(mean):
            raise FerError(
                f"The loss became {mean} in epoch {epoch + 1}; the last good checkpoint is kept. Lower --lr."
            )
        return mean

    def _batches(self, order: Tensor, steps: int) -> Iterator[Tensor]:
        """This process's share of each global batch."""
        size, parts, part = self.config.batch_size, self.accelerator.num_processes, self.accelerator.process_index
        for step in range(steps):
            yield order[step * size : (step + 1) * size][part::parts]

    def _step(self, images: Tensor, labels: Tensor, penalties: list[Tensor]) -> Tensor:
        """One update; returns the loss, detached."""
        with torch.no_grad():
            views = augment(_to_unit(images), self.spec, self.config)
            x = normalize(views, self.spec).expand(-1, self.spec.channels, -1, -1)
            targets = soft_targets(labels, len(LABELS), self.config.label_smoothing)
            x, targets = mix(x, targets, self.config)
        penalties.clear()
        with self.accelerator.autocast():
            logits = self.forward(x.contiguous(memory_format=torch.channels_last))
        loss = soft_cross_entropy(logits, targets)
        if penalties and self.config.attention_weight:
            loss = loss + self.config.attention_weight * penalties[0]
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        if self.config.clip:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        return loss.detach()

    def _set_rate(self, epochs_done: float) -> None:
        rate = learning_rate(epochs_done / self.config.epochs, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["lr_scale"]

    def _stop_if_lost(self, total: Tensor, rows: Tensor) -> None:
        if not torch.isfinite(total):
            raise FerError(
                f"The loss is not finite within 50 steps of training rows {rows[:8].tolist()}...; "
                "the last good checkpoint is kept. Lower --lr."
            )

    def _advance(self, loss: float, accuracy: float, logits: Tensor, validation: FaceSet, seconds: float) -> bool:
        """Books an epoch into the state; returns whether it is the best so far on validation."""
        state = self.state
        labels = torch.from_numpy(validation.labels)
        state.history.append(
            {
                "epoch": state.epoch + 1,
                "lr": self.optimizer.param_groups[0]["lr"],
                "train_loss": loss,
                "validation_loss": float(nn.functional.cross_entropy(logits, labels)),
                "validation_accuracy": accuracy,
                "seconds": round(seconds, 1),
            }
        )
        state.epoch += 1
        is_best = accuracy > state.best_accuracy
        if is_best:
            state.best_accuracy, state.best_epoch = accuracy, state.epoch
        state.model = self.plain.state_dict()
        state.ema = self.ema.module.state_dict() if self.ema is not None else None
        state.optimizer = self.optimizer.state_dict()
        state.scaler = self.accelerator.scaler.state_dict() if self.accelerator.scaler else None
        return is_best

    def _out_of_patience(self) -> bool:
        patience = self.config.patience
        return bool(patience) and self.state.epoch - self.state.best_epoch >= patience


def parameter_groups(model: nn.Module, config: TrainConfig) -> list[dict[str, Any]]:
    """Trainable parameters by weight decay (none for biases and norms) and rate (``stn_lr`` for the transformer)."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decay = config.weight_decay if parameter.ndim > 1 else 0.0
            scale = config.stn_lr if name.startswith("stn.") else 1.0
            groups.setdefault((scale, decay), []).append(parameter)
    return [
        {"params": params, "weight_decay": decay, "lr_scale": scale, "lr": config.lr * scale}
        for (scale, decay), params in sorted(groups.items(), key=lambda item: item[0], reverse=True)
    ]


def learning_rate(progress: float, config: TrainConfig) -> float:
    """The rate at ``progress`` (0..1) of all steps: linear warm-up from 0, then cosine to 0 or constant."""
    if progress < config.warmup:
        return config.lr * max(progress / config.warmup, 1e-3)
    if config.schedule == "constant":
        return config.lr
    rest = (progress - config.warmup) / max(1 - config.warmup, 1e-9)
    return config.lr * 0.5 * (1 + math.cos(math.pi * rest))


@torch.inference_mode()
def predict(model: nn.Module, faces: FaceSet, spec: InputSpec, batch_size: int = 256) -> Tensor:
    """Logits (N, K) float32 on the CPU, through the one evaluation transform, in a single view."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    batches = [
        model(to_batch(faces.images[start : start + batch_size], spec, device).expand(-1, spec.channels, -1, -1))
        .float()
        .cpu()
        for start in range(0, len(faces), batch_size)
    ]
    model.train(was_training)
    return torch.cat(batches)


def on_device(faces: FaceSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images and labels of a split as tensors that stay on the device."""
    return torch.from_numpy(faces.images).to(device), torch.from_numpy(faces.labels).to(device)


def _to_unit(images: Tensor) -> Tensor:
    """uint8 (N, H, W) or (N, H, W, 3) -> float (N, c, H, W) in 0..1."""
    x = images.float() / 255
    return x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)
