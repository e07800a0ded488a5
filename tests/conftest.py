"""Checkpoint folders that hold predictions and no network, for whoever looks at results."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_explain.emotions import LABELS

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
