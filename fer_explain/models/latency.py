"""How long a network takes for one face on this machine."""

from __future__ import annotations

import time
from statistics import median
from typing import Final

import torch
from torch import nn

from fer_explain.types import InputSpec

RUNS: Final = 15
WARM_UP: Final = 3


def forward_milliseconds(model: nn.Module, spec: InputSpec, runs: int = RUNS) -> float:
    """Median time of a forward pass of one face, in milliseconds; a few more passes before are not counted.

    Args:
        model: in evaluation mode, on the CPU or wherever it is to run.
        spec: of its input.
        runs: passes that are timed.
    """
    device = next(model.parameters()).device
    face = torch.zeros(1, spec.channels, spec.size, spec.size, device=device)
    times = []
    with torch.inference_mode():
        for run in range(WARM_UP + runs):
            began = time.perf_counter()
            model(face)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if run >= WARM_UP:
                times.append(1000 * (time.perf_counter() - began))
    return median(times)
