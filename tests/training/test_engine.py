"""The parts of the loop that need no whole run: inputs, groups of parameters, validation crops, what is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from fer_explain.types import InputSpec
from tests.training.forked import build, faces
from training.config import TrainConfig
from training.engine import Engine
from training.network import input_of
from training.optimizer import parameter_groups
from training.state import RunState, seed_of
from training.validation import predict, validation_logits

SPEC = InputSpec(16, 1, (0.5,), (0.5,))
CONFIG = TrainConfig(epochs=2, batch_size=8, ema=0.9)


class Nobody:
    """A recorder that remembers which weights each epoch would have kept."""

    def __init__(self) -> None:
        self.kept: list[Tensor] = []

    def keep(self, state: RunState) -> None:
        pass

    def epoch(self, state: RunState, kept: nn.Module, is_best: bool) -> None:
        self.kept.append(torch.cat([weights.flatten() for weights in kept.parameters()]).detach().clone())


def fitted(config: TrainConfig) -> tuple[Engine, Nobody]:
    torch.manual_seed(0)
    engine, nobody = Engine(build(7, False), SPEC, config, RunState("test"), Accelerator()), Nobody()
    engine.fit(faces("train", 51), faces("validation", 21), nobody)
    return engine, nobody


def test_normalization_replaces_the_networks_own() -> None:
    color = InputSpec(32)
    assert input_of(color, TrainConfig()) == color
    assert input_of(color, TrainConfig(normalization="imagenet")).mean == (0.485, 0.456, 0.406)
    gray = input_of(SPEC, TrainConfig(normalization="none"))
    assert (gray.mean, gray.std) == ((0.0,), (1.0,))


def test_the_input_can_be_another_size_than_the_networks_own_and_than_what_it_is_trained_on() -> None:
    assert input_of(SPEC, TrainConfig(input_size=24)) == replace(SPEC, size=24)
    seen: dict[bool, set[int]] = {True: set(), False: set()}

    class Sizes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(1, 7)

        def forward(self, x: Tensor) -> Tensor:
            seen[self.training].add(x.shape[-1])
            logits: Tensor = self.head(x.mean((2, 3)))
            return logits

    engine = Engine(Sizes(), SPEC, replace(CONFIG, train_size=12), RunState("test"), Accelerator())
    engine.fit(faces("train", 16), faces("validation", 7), Nobody())
    assert seen == {True: {12}, False: {16}}


@pytest.mark.parametrize(("everything", "decayed"), [(False, 1), (True, 2)])
def test_biases_decay_only_when_asked_to(everything: bool, decayed: int) -> None:
    groups = parameter_groups(nn.Linear(3, 2), TrainConfig(weight_decay=0.1, decay_all=everything))
    assert sum(len(group["params"]) for group in groups if group["weight_decay"]) == decayed


def test_a_random_crop_changes_what_validation_sees_and_is_the_same_after_a_resume() -> None:
    torch.manual_seed(0)
    model, validation = build(7, False).eval(), faces("validation", 21)
    centre = validation_logits(model, validation, SPEC, CONFIG, 0)
    assert torch.equal(centre, predict(model, validation, SPEC))
    random = replace(CONFIG, validation_crop="random")
    crops = [validation_logits(model, validation, SPEC, random, epoch) for epoch in (0, 0, 1)]
    assert torch.equal(crops[0], crops[1])
    assert not torch.equal(crops[0], crops[2])
    assert not torch.equal(crops[0], centre)


def test_the_average_follows_every_so_many_steps() -> None:
    steps = 2 * (51 // 8)
    engine, _ = fitted(replace(CONFIG, ema_every=steps + 1))
    torch.manual_seed(0)
    start = build(7, False)
    for weights, average in zip(start.parameters(), engine.learner.kept.parameters(), strict=True):
        assert torch.equal(weights, average)
    moved, _ = fitted(replace(CONFIG, ema_every=4))
    assert not torch.equal(next(moved.learner.kept.parameters()), next(start.parameters()))


def test_what_is_kept_is_the_average_and_what_is_validated_can_be_the_raw_weights() -> None:
    engine, nobody = fitted(replace(CONFIG, validate_on="raw"))
    raw = predict(engine.learner.plain, faces("validation", 21), SPEC)
    labels = torch.from_numpy(faces("validation", 21).labels)
    assert engine.state.history[-1]["validation_accuracy"] == pytest.approx(
        float((raw.argmax(1) == labels).float().mean())
    )
    average = torch.cat([weights.flatten() for weights in engine.learner.kept.parameters()])
    assert torch.equal(nobody.kept[-1], average)
    assert not torch.equal(average, torch.cat([weights.flatten() for weights in engine.learner.plain.parameters()]))


@pytest.mark.parametrize(
    "options", [{"class_weights": "inverse"}, {"clip": 0.01}, {"schedule": "step", "decay_every": 1}]
)
def test_an_option_changes_the_result(options: dict[str, float | str]) -> None:
    plain, changed = (fitted(config)[1].kept[-1] for config in (CONFIG, replace(CONFIG, **options)))
    assert not torch.equal(plain, changed)
    assert torch.isfinite(changed).all()


def test_seeds_differ_wherever_a_number_does() -> None:
    seeds = {seed_of(a, b, c) for a in range(3) for b in (1, 2) for c in range(50)}
    assert len(seeds) == 300
