"""How far a run is, and the learning rate there: pure functions, so there is no scheduler whose state could be lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps a run will take; changed on the way, its schedule goes on without a jump and still reaches its end.

    Attributes:
        steps: all steps of the run.
        since: the step from which this plan holds.
        passed: share of the schedule (0..1) that was behind the run by then.
    """

    steps: int
    since: int = 0
    passed: float = 0.0

    def progress(self, step: int) -> float:
        """Share of the schedule (0..1) that is behind the run before step ``step``."""
        if step >= self.steps:
            return 1.0
        return self.passed + (1 - self.passed) * (step - self.since) / (self.steps - self.since)

    def ending_after(self, steps: int, step: int) -> Plan:
        """The plan that a run now at ``step`` goes on with to end after ``steps``."""
        return self if steps == self.steps else Plan(steps, step, self.progress(step))


def learning_rate(progress: float, config: TrainConfig, step: int = 0, accuracies: Sequence[float] = ()) -> float:
    """The rate at a point of a run.

    Args:
        progress: share of the schedule (0..1) that is behind the run.
        config: its recipe.
        step: number of steps behind it, which ``restarts`` counts in.
        accuracies: validation accuracy of each epoch so far, which ``plateau`` looks at.
    """
    if config.schedule == "restarts":
        return config.lr * _restarting(step, config)
    if progress < config.warmup:
        return config.lr * max(progress / config.warmup, 1e-3)
    if config.schedule == "step":  # the tiny number keeps 10 / 30 x 3 from falling below 1
        return config.lr * config.decay_factor ** int(progress * config.epochs / config.decay_every + 1e-9)
    if config.schedule == "plateau":
        return config.lr * config.decay_factor ** count_drops(accuracies, config.decay_patience)
    if config.schedule == "constant":
        return config.lr
    return config.lr * _half_cosine((progress - config.warmup) / (1 - config.warmup))


def count_drops(accuracies: Sequence[float], patience: int) -> int:
    """How often ``patience`` epochs in a row went by without a new best."""
    best, waited, drops = -math.inf, 0, 0
    for accuracy in accuracies:
        waited = 0 if accuracy > best else waited + 1
        best = max(best, accuracy)
        if waited == patience:
            drops, waited = drops + 1, 0
    return drops


def _restarting(step: int, config: TrainConfig) -> float:
    """EmoNeXt's released schedule: every cycle climbs linearly from 0, then falls to 0 by half a cosine."""
    place = step % config.cycle_steps
    if place < config.warmup_steps:
        return place / config.warmup_steps
    return _half_cosine((place - config.warmup_steps) / max(1, config.cycle_steps - config.warmup_steps))


def _half_cosine(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * share))
