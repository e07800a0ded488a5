from __future__ import annotations

import pytest
import torch

from training.config import TrainConfig
from training.schedule import Plan, count_drops, learning_rate


def test_the_learning_rate_climbs_then_falls() -> None:
    config = TrainConfig(lr=1.0, warmup=0.1)
    assert learning_rate(0.05, config) == pytest.approx(0.5)
    assert learning_rate(0.1, config) == pytest.approx(1.0)
    assert learning_rate(0.55, config) == pytest.approx(0.5)
    assert learning_rate(1.0, config) == pytest.approx(0.0)
    assert learning_rate(0.9, TrainConfig(lr=1.0, warmup=0.1, schedule="constant")) == 1.0


def test_restarts_are_emonexts() -> None:
    config = TrainConfig(lr=1.0, schedule="restarts", warmup_steps=128, cycle_steps=1024)
    rates = [learning_rate(0.0, config, step) for step in (0, 64, 128, 576, 1023, 1024, 1088, 1152)]
    assert rates == pytest.approx([0, 0.5, 1, 0.5, 0, 0, 0.5, 1], abs=1e-4)


def test_steps_are_torchs_step_lr() -> None:
    config = TrainConfig(lr=1.0, schedule="step", warmup=0.0, epochs=30, decay_every=10)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.1)
    for epoch in range(30):
        assert learning_rate(epoch / 30, config) == pytest.approx(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()


def test_a_plateau_drops_after_patience_runs_out_and_waits_anew() -> None:
    assert count_drops([0.1, 0.2, 0.2, 0.3, 0.3], 2) == 0
    assert count_drops([0.3, 0.2, 0.1], 2) == 1
    assert count_drops([0.3, 0.2, 0.1, 0.1, 0.1, 0.4, 0.1], 2) == 2
    config = TrainConfig(lr=1.0, schedule="plateau", warmup=0.0)
    assert learning_rate(0.5, config, accuracies=[0.3, 0.2, 0.1]) == pytest.approx(0.1)


def test_a_changed_plan_goes_on_without_a_jump_and_ends_at_one() -> None:
    plan = Plan(1000)
    shorter = plan.ending_after(300, 100)
    assert plan.progress(100) == shorter.progress(100) == pytest.approx(0.1)
    assert shorter.progress(200) == pytest.approx(0.55)
    assert shorter.progress(300) == 1.0
    longer = shorter.ending_after(500, 200)
    assert longer.progress(200) == pytest.approx(0.55)
    assert longer.progress(500) == 1.0
    assert plan.ending_after(1000, 400) is plan
