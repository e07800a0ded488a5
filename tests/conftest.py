"""Folders of checkpoints: with predictions and no network, for whoever looks at results; with untrained networks."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.emotions import LABELS

if "PYTEST_XDIST_WORKER" in os.environ:  # several processes share the cores: one thread each, and in what they start
    os.environ.setdefault("OMP_NUM_THREADS", "1")

IMAGES = 120
LEAKED = 20  # of them, the first ones
ResultsFolder = Callable[..., Path]


@pytest.fixture
def results_folder(tmp_path: Path) -> ResultsFolder:
    """Makes a folder of a network that is right with a given chance: ``results_folder("net", skill=0.8)``."""

    def make(name: str, skill: float = 0.7, splits: tuple[str, ...] = ("validation", "test"), seed: int = 0) -> Path:
        folder = tmp_path / name
        (folder / "predictions").mkdir(parents=True)
        rng = np.random.default_rng([seed, *name.encode()])
        for split in splits:
            truth = np.arange(IMAGES) % len(LABELS)
            said = np.where(rng.random(IMAGES) < skill, truth, (truth + 1) % len(LABELS))
            logits = rng.normal(size=(IMAGES, len(LABELS))) + 3 * np.eye(len(LABELS))[said]
            rows = np.arange(IMAGES) + (1000 if split == "test" else 0)
            table = pd.DataFrame({"row": rows, "label": truth, "leaked": np.arange(IMAGES) < LEAKED})
            table[[f"logit_{k}" for k in range(len(LABELS))]] = logits
            table.to_parquet(folder / "predictions" / f"{split}.parquet")
        config = {"architecture": "vgg_compact", "input": {"size": 48}, "label_names": LABELS, "temperature": 1.5}
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    return make


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of embedded checkpoints."""
    from tests.untrained import save  # which imports torch

    root = tmp_path_factory.mktemp("checkpoints")
    save(root / "emonext_nano", "emonext_nano", 0)
    save(root / "convnext_nano", "convnext_nano", 1)
    return root


@pytest.fixture
def analyzer(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Analyzer:
    """The service with the two untrained networks alone."""
    monkeypatch.setattr("fer_explain.hub.folder.EMBEDDED", shelf)
    monkeypatch.setattr("fer_explain.hub.folder.DEFAULT", "emonext_nano")
    return Analyzer()
