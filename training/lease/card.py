"""What the card can do: its bf16 peak and, for each training of a plan, the images per second of its own loop.

    python -m training.lease.card --plan full_size --seconds 40 --output card.json

The lease runs this first, to cut the plan to what fits.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import torch
from accelerate import Accelerator

from fer_explain.hub.files import write_text
from fer_explain.models import architecture, create_model
from training.batches import on_device
from training.config import TrainConfig
from training.data import FaceSet
from training.engine import Engine
from training.lease.plan import PLANS, Training, read_plan
from training.network import input_of
from training.optimizer import make_optimizer
from training.state import RunState

_STEPS = 8
_MATRIX, _PRODUCTS = 8192, 10
_YARDSTICK: Final = ("convnext_tiny", 256, 224)  # network, batch and side that the loop is compared with a bare one on
_YARDSTICK_FLOPS: Final = 3 * 2 * 4.45e9  # forward and backward, two per multiply-add


def measure_card(trainings: list[Training], seconds: float, limit: int = 0) -> dict[str, Any]:
    """The card's name and peak, and per training its rate; what no time is left for has none.

    Returns:
        ``card``, ``bf16_tflops`` (None without CUDA), ``images_per_second`` by training, ``failed`` by training.
    """
    began = time.perf_counter()
    told: dict[str, Any] = {"card": _name(), "bf16_tflops": _peak(), "images_per_second": {}, "failed": {}}
    if torch.cuda.is_available():
        told |= _yardstick(told["bf16_tflops"])
    for training in trainings:
        if time.perf_counter() - began > seconds:
            break
        try:
            told["images_per_second"][training.name] = round(loop_rate(training.model, training.config, limit), 1)
        except Exception as error:  # whatever one network runs into, the others are to be measured
            told["failed"][training.name] = f"{type(error).__name__}: {error}"[:500]
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return told


def _yardstick(peak: float) -> dict[str, Any]:
    """ConvNeXt-Tiny in our loop and in a bare one, and the share of the card's peak that the bare one reaches."""
    model, batch, side = _YARDSTICK
    config = replace(TrainConfig(), batch_size=batch, input_size=side, precision="bf16", ema=0.0, clip=0.0)
    try:
        bare = bare_rate(model, config, batch, side)
        ours = loop_rate(model, config)
    except Exception as error:  # a card with too little memory is still good for the plan
        return {"yardstick": f"{type(error).__name__}: {error}"[:300]}
    share = bare * _YARDSTICK_FLOPS / 1e12 / peak
    return {"yardstick": {"bare": round(bare), "ours": round(ours), "share_of_peak": round(share, 3)}}


def loop_rate(model: str, config: TrainConfig, limit: int = 0) -> float:
    """Images per second of the training loop, augmentation and all, on random faces."""
    batch = min(config.batch_size, limit) if limit else config.batch_size
    config = replace(config, batch_size=batch, epochs=100, labels="fer2013", distill=0.0, start_size=0, patience=0)
    spec = input_of(architecture(model).input, config)
    rng = np.random.default_rng(0)
    steps = 1 if limit else _STEPS
    n = batch * steps
    faces = FaceSet("random", "train", rng.integers(0, 256, (n, 48, 48), np.uint8), rng.integers(0, 7, n), np.arange(n))
    state = RunState("card")
    engine = Engine(create_model(model, **config.model_args), spec, config, state, Accelerator(mixed_precision=_half()))
    split = on_device(faces, engine.accelerator.device)
    engine.prepare(split)

    def epoch() -> None:
        state.step = 0
        engine.train_epoch(split)

    return n / _timed(epoch, 1 if limit else 2)


def bare_rate(model: str, config: TrainConfig, batch: int, side: int) -> float:
    """Images per second of forward, backward and step alone, bf16 and channels_last, on inputs that lie ready."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = create_model(model, **config.model_args).to(device).to(memory_format=torch.channels_last).train()
    optimizer = make_optimizer(network, config)
    x = torch.randn(batch, architecture(model).input.channels, side, side, device=device)
    x = x.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 7, (batch,), device=device)

    def steps() -> None:
        for _ in range(_STEPS):
            with torch.autocast(device.type, torch.bfloat16):
                loss = torch.nn.functional.cross_entropy(network(x), labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return batch * _STEPS / _timed(steps, 2)


def _timed(run: Callable[[], None], repeats: int) -> float:
    """Median seconds of a call, after a first one that warms up."""
    times = []
    for turn in range(repeats + 1):
        _wait()
        began = time.perf_counter()
        run()
        _wait()
        if turn or repeats == 1:
            times.append(time.perf_counter() - began)
    return median(times)


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _peak() -> float | None:
    """TFLOP/s of a bf16 matrix product of random numbers."""
    if not torch.cuda.is_available():
        return None
    a, b = (torch.randn(_MATRIX, _MATRIX, device="cuda", dtype=torch.bfloat16) for _ in range(2))

    def products() -> None:
        for _ in range(_PRODUCTS):
            torch.mm(a, b)

    return round(2 * _MATRIX**3 * _PRODUCTS / _timed(products, 3) / 1e12, 1)


def _half() -> str:
    return "bf16" if torch.cuda.is_available() else "no"


def _name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def main() -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.lease.card", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--plan", default="full_size", help="name of a plan, or a TOML file")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="largest batch, for a trial on a CPU")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    torch.set_float32_matmul_precision("high")
    path = Path(options.plan) if options.plan.endswith(".toml") else PLANS / f"{options.plan}.toml"
    trainings = [training for wave in read_plan(path) for training in wave.trainings]
    told = measure_card(trainings, options.seconds, options.limit)
    write_text(options.output, json.dumps(told, indent=2) + "\n")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
