"""Untrained checkpoints and faces of noise, for tests of the service."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from fer_explain.emotions import LABELS
from fer_explain.hub.checkpoint import CheckpointConfig, save_checkpoint
from fer_explain.models import architecture, create_model
from fer_explain.types import Box, Face, FaceAnalysis

THETA = [[0.8, -0.1, 0.1], [0.1, 0.8, 0.0]]
TEMPERATURE = 2.0


def save(folder: Path, name: str, seed: int, **changes: Any) -> Path:
    """Writes an untrained checkpoint whose maps are not flat and whose spatial transformer does something known."""
    torch.manual_seed(seed)
    model = create_model(name)
    for path, weight in model.named_parameters():
        if weight.ndim == 4 and not path.startswith("stn"):
            nn.init.kaiming_normal_(weight)
    if name.startswith("emonext"):
        model.get_parameter("stn.theta.0.bias").data = torch.tensor(THETA).flatten()
    config = CheckpointConfig(name, LABELS, architecture(name).input, **{"temperature": TEMPERATURE, **changes})
    save_checkpoint(folder, model, config)
    return folder


def face(seed: int) -> Face:
    pixels = np.random.default_rng(seed).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    return Face(pixels, Box(0, 0, 60, 60), np.array([[30, 0, 30], [0, 30, 30]], dtype=np.float32))


def assert_same(one: FaceAnalysis, other: FaceAnalysis) -> None:
    np.testing.assert_allclose(one.prediction.logits, other.prediction.logits, atol=1e-5)
    assert len(one.gates) == len(other.gates)
    for gate, same in zip(one.gates, other.gates, strict=True):
        np.testing.assert_allclose(gate.weights, same.weights, atol=1e-5)
    assert (one.heatmap is None) == (other.heatmap is None)
    if one.heatmap is not None and other.heatmap is not None:
        assert one.heatmap.target == other.heatmap.target
        np.testing.assert_allclose(one.heatmap.values, other.heatmap.values, atol=1e-3)


def finish(steps: Generator[float, None, list[FaceAnalysis]]) -> tuple[list[float], list[FaceAnalysis]]:
    """What is left of the steps, and the result."""
    shares = []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            return shares, end.value
