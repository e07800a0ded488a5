"""Measures a finished checkpoint on one split and writes metrics, predictions and the model card into its folder.

    python -m training.evaluate --checkpoint checkpoints/emonext_atto --data PATH_OR_HUB_ID --split test

The calibration temperature is fitted when the split is ``validation`` and only used when it is ``test``. One view per
image, no test-time augmentation.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from fer_explain.benchmark.calibration import fit_temperature
from fer_explain.benchmark.metrics import evaluate, headline
from fer_explain.errors import FerError
from fer_explain.hub.card import write_card
from fer_explain.hub.checkpoint import load_checkpoint, read_metrics, set_temperature
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import METRICS, PREDICTIONS
from training.data import FaceSet, ImageForm, load_split
from training.engine import predict
from training.manners import command


def evaluate_checkpoint(folder: str | Path, faces: FaceSet, device: str = "cpu") -> dict[str, Any]:
    """Evaluates a checkpoint on a split, updates its folder and returns the new content of metrics.json.

    Raises:
        FerError: the checkpoint cannot be loaded, has other classes than the data, or its folder cannot be written.
    """
    checkpoint = load_checkpoint(folder)
    config = checkpoint.config
    logits = predict(checkpoint.model.to(device), faces, config.input)
    if faces.split == "validation":
        config = set_temperature(checkpoint.folder, fit_temperature(logits.numpy(), faces.labels))
    scores = evaluate(logits.numpy(), faces.labels, config.label_names, config.temperature)
    # A new temperature makes what was measured with the old one stale, so validation starts the file anew.
    metrics = {} if faces.split == "validation" else read_metrics(checkpoint.folder)
    metrics |= {
        "splits": metrics.get("splits", {}) | {faces.split: scores.to_dict()},
        "data": metrics.get("data", {}) | {faces.split: faces.fingerprint},
        "temperature": config.temperature,
        "settings": {"tta": "none", "torch": torch.__version__},
    }
    _write_predictions(checkpoint.folder / PREDICTIONS / f"{faces.split}.parquet", faces, logits)
    write_text(checkpoint.folder / METRICS, json.dumps(metrics, indent=2) + "\n")
    write_card(checkpoint.folder)
    return metrics


def _write_predictions(path: Path, faces: FaceSet, logits: torch.Tensor) -> None:
    """Row ids, labels and logits (float32, K columns) as parquet."""
    table = pd.DataFrame({"row": faces.rows, "label": faces.labels.astype("int8")})
    table[[f"logit_{index}" for index in range(logits.shape[1])]] = logits.numpy()
    write_atomically(path, lambda temporary: table.to_parquet(temporary, index=False))


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--checkpoint", required=True, metavar="DIR_OR_HUB_ID", help="an embedded name, a folder or a Hub id"
    )
    parser.add_argument(
        "--data", required=True, metavar="PATH_OR_HUB_ID", help="parquet folder, Hub id, CSV or image folder"
    )
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    checkpoint = load_checkpoint(options.checkpoint)
    spec = checkpoint.config.input
    faces = load_split(options.data, options.split, ImageForm(spec.gray, spec.size), every_class=False)
    metrics = evaluate_checkpoint(checkpoint.folder, faces, options.device)
    result = headline(metrics, options.split)
    if result is None:
        raise FerError(f"{checkpoint.folder / METRICS} holds no result for {options.split}.")
    print(f"{checkpoint.name}: accuracy {result}")


if __name__ == "__main__":
    main()
