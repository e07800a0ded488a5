"""The training loop against a bare PyTorch loop over the same batches."""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import torch
from accelerate import Accelerator
from timm.optim import create_optimizer_v2

from fer_explain.faces.preprocess import to_batch
from fer_explain.models import architecture, create_model
from training.config import TrainConfig
from training.data import FaceSet
from training.engine import Engine, on_device, parameter_groups
from training.state import RunState

BATCH = 64


def throughput_ratio(name: str, batches: int = 10, repeats: int = 3) -> float:
    """Images per second of our loop as a share of a bare one's: the medians of ``repeats`` epochs taken in turns.

    The bare loop has its batches ready as float tensors and does forward, backward and step; ours cuts, augments and
    normalises them from bytes, clips the gradient and keeps the moving average, as every recipe does.
    """
    rng = np.random.default_rng(0)
    n = BATCH * batches
    images = rng.integers(0, 256, (n, 48, 48), dtype=np.uint8)
    faces = FaceSet("random", "train", images, rng.integers(0, 7, n), np.arange(n))
    spec, config = architecture(name).input, TrainConfig(batch_size=BATCH, epochs=100)
    engine = Engine(create_model(name), spec, config, RunState("benchmark"), Accelerator())
    pixels, labels = on_device(faces, engine.accelerator.device)
    ready = to_batch(faces.images, spec, engine.accelerator.device).expand(-1, spec.channels, -1, -1)
    ready = ready.contiguous(memory_format=torch.channels_last)
    model = create_model(name).to(engine.accelerator.device, memory_format=torch.channels_last).train()
    optimizer = create_optimizer_v2(parameter_groups(model, config), config.optimizer, lr=config.lr)

    def bare_epoch() -> None:
        for start in range(0, n, BATCH):
            loss = torch.nn.functional.cross_entropy(model(ready[start : start + BATCH]), labels[start : start + BATCH])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    ours, bare = [], []
    for turn in range(repeats + 1):
        for run, times in ((lambda: engine.train_epoch(pixels, labels), ours), (bare_epoch, bare)):
            began = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                times.append(time.perf_counter() - began)
    return median(bare) / median(ours)
