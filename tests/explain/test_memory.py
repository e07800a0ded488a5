"""A thousand explanations leave memory as it was."""

from __future__ import annotations

import gc
import tracemalloc
from contextlib import nullcontext
from itertools import cycle, islice
from typing import Any

import psutil
import pytest
from tiny_networks import TinyNet, count_hooks, tiny_architecture
from torch import Tensor

from fer_explain.explain.registry import explain, list_methods, method
from fer_explain.explain.turns import in_steps

KILOBYTE, MEGABYTE = 2**10, 2**20
BRIEF = {"samples": 8, "steps": 8, "channels": 8, "window": 0.5, "overlap": 0}


def run(model: TinyNet, face: Tensor, calls: int, methods: list[str]) -> None:
    """So many calls, the methods in turn, every seventh one cancelled after its first step."""
    for number, way in enumerate(islice(cycle(methods), calls)):
        settings: dict[str, Any] = {
            parameter.name: BRIEF[parameter.name] for parameter in method(way).parameters() if parameter.name in BRIEF
        }
        if number % 7:
            explain(model, tiny_architecture(), face, 1, way, **settings)
        else:
            steps = in_steps(lambda report, way=way: explain_reporting(model, face, way, report))  # type: ignore[misc]
            next(steps)
            steps.close()


def explain_reporting(model: TinyNet, face: Tensor, way: str, report: Any) -> None:
    explain(model, tiny_architecture(), face, 1, way, turn=lambda share: report(share) or nullcontext())


@pytest.mark.slow
def test_a_thousand_calls_leave_memory_flat(tiny: TinyNet, faces: Tensor) -> None:
    methods, process = list_methods(), psutil.Process()
    run(tiny, faces[:1], 100, methods)  # what is cached once
    gc.collect()
    resident = process.memory_info().rss
    run(tiny, faces[:1], 900, methods)
    gc.collect()
    assert process.memory_info().rss - resident < 40 * MEGABYTE, "tensors are left behind"
    assert count_hooks(tiny) == 0


def test_no_object_is_left_behind(tiny: TinyNet, faces: Tensor) -> None:
    methods = list_methods()
    run(tiny, faces[:1], 2 * len(methods), methods)
    tracemalloc.start()
    try:
        run(tiny, faces[:1], len(methods), methods)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        run(tiny, faces[:1], 3 * len(methods), methods)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 36 * KILOBYTE, "each call leaves a kilobyte or more"
