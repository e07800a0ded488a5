"""The training loop against a bare PyTorch loop over the same batches.

python -m benchmarks.training emonext_atto --recipe modern
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from statistics import median

import numpy as np
import torch
from accelerate import Accelerator

from fer_explain.faces.preprocess import to_batch
from fer_explain.models import architecture, create_model
from training.batches import on_device
from training.config import TrainConfig, list_recipes, resolve
from training.data import FaceSet
from training.engine import Engine
from training.optimizer import make_optimizer
from training.state import RunState

BATCH = 64


def throughput_ratio(
    name: str, config: TrainConfig | None = None, batches: int = 10, repeats: int = 3, *, distilled: bool = False
) -> float:
    """Images per second of our loop as a share of a bare one's: the medians of ``repeats`` epochs taken in turns.

    The bare loop has its batches ready as float tensors and does forward, backward and step; ours cuts, augments, mixes
    and normalises them from bytes, looks up teachers, clips the gradient and keeps the moving average, as every recipe
    does.
    """
    rng = np.random.default_rng(0)
    n = BATCH * batches
    images = rng.integers(0, 256, (n, 48, 48), dtype=np.uint8)
    faces = FaceSet("random", "train", images, rng.integers(0, 7, n), np.arange(n))
    spec, config = architecture(name).input, replace(config or TrainConfig(), batch_size=BATCH, epochs=100, patience=0)
    state = RunState("benchmark")
    engine = Engine(create_model(name, **config.model_args), spec, config, state, Accelerator())
    teachers = torch.rand(2, n, 7).softmax(-1) if distilled else None
    split = on_device(faces, engine.accelerator.device, teachers)
    engine.prepare(split)
    ready = to_batch(faces.images, spec, engine.accelerator.device).expand(-1, spec.channels, -1, -1)
    ready = ready.contiguous(memory_format=torch.channels_last)
    model = create_model(name, **config.model_args).to(split.images.device, memory_format=torch.channels_last).train()
    optimizer = make_optimizer(model, config)

    def our_epoch() -> None:
        state.step = 0
        engine.train_epoch(split)

    def bare_epoch() -> None:
        for start in range(0, n, BATCH):
            logits, labels = model(ready[start : start + BATCH]), split.labels[start : start + BATCH]
            loss = torch.nn.functional.cross_entropy(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    ours, bare = [], []
    for turn in range(repeats + 1):
        for run, times in ((our_epoch, ours), (bare_epoch, bare)):
            began = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                times.append(time.perf_counter() - began)
    return median(bare) / median(ours)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--recipe", choices=list_recipes(), default="modern")
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--distilled", action="store_true", help="with targets of teachers")
    options = parser.parse_args()
    for each in options.models:
        recipe = resolve(options.recipe, {})
        ratio = throughput_ratio(each, recipe, options.batches, options.repeats, distilled=options.distilled)
        print(f"{each}, recipe {options.recipe}: {ratio:.3f} of a bare loop's images per second")
