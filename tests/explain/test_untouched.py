"""Receipts, audits and interventions leave a network as they found it, and people who share it never meet."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from test_explainers import disturb, shared_state, state
from test_faithfulness import OneNetwork, face_of
from tiny_networks import TinyNet
from torch import Tensor

from fer_explain.explain.faithfulness import make_receipt
from fer_explain.explain.flip import find_flip
from fer_explain.explain.intervene import GateChange, predict_with
from fer_explain.explain.region_audit import audit_regions
from fer_explain.explain.turns import Stopped
from fer_explain.types import Face, Pose

MEANS = np.linspace(0.2, 0.9, 8, dtype=np.float32)
Work = Callable[[OneNetwork, Face], list[float]]


class Fused(TinyNet):
    """Breaks in one of its passes."""

    passes = -1  # until it breaks; below 0 never

    def forward(self, x: Tensor) -> Tensor:
        if self.passes == 0:
            raise RuntimeError("the fuse is blown")
        self.passes -= 1
        return super().forward(x)


class Impatient(OneNetwork):
    """Nobody waits any more when the network is asked for once too often."""

    patience = -1  # below 0 without end

    @contextmanager
    def borrow(self, model: str | None = None) -> Iterator[Any]:
        if self.borrowed == self.patience:
            raise Stopped
        with super().borrow(model) as lent:
            yield lent


def receipt(one: OneNetwork, face: Face) -> list[float]:
    return [check.value for check in make_receipt(one, face).checks]


def audit(one: OneNetwork, face: Face) -> list[float]:
    return [region.effect for region in audit_regions(one, face).regions]


def changed(one: OneNetwork, face: Face, **changes: Any) -> list[float]:
    told = predict_with(one.borrow, face, **changes)
    assert told.heatmap is not None
    return [*told.prediction.logits.tolist(), *told.heatmap.values.ravel().tolist()]


def flip_set(one: OneNetwork, face: Face) -> list[float]:
    flip = find_flip(one.borrow, face, "se", runs=80)
    return [*flip.channels, *flip.after.tolist()]


WORKS: dict[str, Work] = {
    "receipt": receipt,
    "audit": audit,
    "knock out": partial(changed, gates=[GateChange.knock_out("se", [1, 4], 8)]),
    "freeze": partial(changed, gates=[GateChange.freeze("eca", [0, 3], MEANS)]),
    "boost": partial(changed, gates=[GateChange.boost("cbam.channel", [2], 8, 3.0)]),
    "turn": partial(changed, theta=Pose(rotation=35).theta),
    "flip set": flip_set,
}


@pytest.fixture
def network() -> Fused:
    torch.manual_seed(0)
    return Fused().eval()


@pytest.mark.parametrize("name", WORKS)
def test_a_network_in_the_middle_of_something_else_is_left_so(network: Fused, name: str) -> None:
    disturb(network)
    before = state(network)
    assert np.isfinite(WORKS[name](OneNetwork(network), face_of())).all()
    assert state(network) == before


@pytest.mark.parametrize("name", WORKS)
def test_a_pass_that_fails_leaves_no_trace(network: Fused, name: str) -> None:
    WORKS[name](OneNetwork(network), face_of())
    passes = -1 - network.passes
    assert passes > 0
    disturb(network)
    for good in sorted({0, passes // 3, passes - 1}):
        network.passes = good
        before = state(network)
        with pytest.raises(RuntimeError, match="fuse is blown"):
            WORKS[name](OneNetwork(network), face_of(good + 1))
        assert state(network) == before, f"the pass after {good} good ones failed"


@pytest.mark.parametrize("name", WORKS)
def test_work_that_is_cancelled_leaves_no_trace(network: Fused, name: str) -> None:
    patient = Impatient(network)
    WORKS[name](patient, face_of())
    disturb(network)
    before = state(network)
    for patience in sorted({0, 1, patient.borrowed // 2, patient.borrowed - 1}):
        hurried = Impatient(network)
        hurried.patience = patience
        with pytest.raises(Stopped):
            WORKS[name](hurried, face_of(1))
        assert state(network) == before, f"cancelled after {patience} turns"


def test_two_people_at_one_network_never_see_each_others_results(network: Fused) -> None:
    """One turns the window and closes channels while others test, audit and search."""
    alone = {
        (name, seed): work(OneNetwork(network), face_of(seed)) for name, work in WORKS.items() for seed in range(2)
    }
    shared, wrong = OneNetwork(fresh := Fused()), []  # nothing is kept from before
    fresh.load_state_dict(network.state_dict())
    fresh.eval()
    before = shared_state(fresh)

    def ask(name: str, seed: int) -> None:
        told = WORKS[name](shared, face_of(seed))
        if not np.allclose(told, alone[name, seed], atol=1e-5):
            wrong.append((name, seed))

    threads = [threading.Thread(target=ask, args=each) for each in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert shared_state(fresh) == before


@pytest.mark.slow
def test_a_thousand_calls_leave_memory_flat(network: Fused) -> None:
    one, process = OneNetwork(network), psutil.Process()

    def call(numbers: range) -> None:
        for number, work in zip(numbers, islice(cycle(WORKS.values()), len(numbers)), strict=True):
            work(one, face_of(number))  # another face each time: nothing is answered from memory

    call(range(500))  # fills the store of receipts, which holds 64 for each network
    gc.collect()
    resident = process.memory_info().rss
    call(range(500, 1500))
    gc.collect()
    assert process.memory_info().rss - resident < 40 * 2**20, "tensors are left behind"
    assert shared_state(network)["hooks"] == 0
