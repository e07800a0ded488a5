"""A finished checkpoint, and a loopback server to publish it on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hub_server import Hub, serving
from huggingface_hub import constants

from fer_explain.benchmark.metrics import evaluate
from fer_explain.emotions import LABELS
from fer_explain.hub.checkpoint import CheckpointConfig, save_checkpoint
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import HISTORY, METRICS, PROFILE
from fer_explain.models import create_model
from fer_explain.types import InputSpec

MODEL = "convnext_nano"
PROVENANCE = {"recipe": "modern", "epochs": 2, "selected_on": "validation", "data": {"name": "drawn", "train": "0a1b"}}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A finished checkpoint, with a file beside it that is none of its own."""
    path = tmp_path / "face"
    torch.manual_seed(0)
    save_checkpoint(path, create_model(MODEL), CheckpointConfig(MODEL, LABELS, InputSpec(48), provenance=PROVENANCE))
    rng = np.random.default_rng(0)
    splits = {}
    for split in ("validation", "test", "test-flip"):
        logits, labels = rng.normal(size=(70, 7)), np.arange(70) % 7
        table = pd.DataFrame({"row": np.arange(70), "label": labels})
        table[[f"logit_{index}" for index in range(7)]] = logits
        (path / "predictions").mkdir(exist_ok=True)
        table.to_parquet(path / "predictions" / f"{split}.parquet")
        splits[split] = evaluate(logits, labels, LABELS, bootstrap=20).to_dict()
    splits.pop("test-flip")
    write_text(path / METRICS, json.dumps({"splits": splits}))
    write_text(path / HISTORY, "epoch\n1\n")
    write_text(path / PROFILE, "{}\n")
    write_text(path / "state.pt", "not to be published")
    return path


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """The seconds that were waited for, which take none here."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


@pytest.fixture
def hub(monkeypatch, tmp_path, waits) -> Iterator[Hub]:
    """The server, with huggingface_hub pointed at it and logged in there."""
    with serving(Hub()) as running:
        token = tmp_path / "token"
        token.write_text(running.token)
        settings = {"ENDPOINT": running.url, "HF_TOKEN_PATH": str(token), "HF_HUB_DISABLE_XET": True}
        for name, value in settings.items():
            monkeypatch.setattr(constants, name, value)
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield running
