"""What a checkpoint folder says about its network without the network: saved predictions and metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.saved import Saved
from fer_explain.errors import FerError
from fer_explain.hub.bounds import read_json
from fer_explain.hub.folder import CONFIG, METRICS, PREDICTIONS
from fer_explain.hub.reference import find_folder

Split = Literal["validation", "test", "calibration"]


def read_saved(ref: str | Path, split: str) -> Saved:
    """The saved predictions of a checkpoint (embedded name, folder or Hub id) on one split.

    ``split`` may also be the name of a further measurement, as ``press-validation``.

    Raises:
        FerError: there is no such checkpoint, or it holds no readable predictions for that split.
    """
    folder = find_folder(ref)
    path = folder / PREDICTIONS / f"{split}.parquet"
    try:
        table = pd.read_parquet(path).sort_values("row", kind="stable")
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        names = tuple(config["label_names"])
        logits = table[[f"logit_{index}" for index in range(len(names))]].to_numpy(np.float64)
        rows, labels = (table[column].to_numpy(np.int64) for column in ("row", "label"))
    except FileNotFoundError as error:
        raise FerError(
            f"{folder.name}: there are no saved predictions for {split} ({path.name} is missing)."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FerError(f"{folder.name}: {PREDICTIONS}/{path.name} cannot be read ({error}).") from error
    if not np.isfinite(logits).all() or len(set(rows.tolist())) != len(rows):
        raise FerError(f"{folder.name}: {PREDICTIONS}/{path.name} holds numbers that are not finite, or a row twice.")
    if len(rows) and not 0 <= labels.min() <= labels.max() < len(names):
        raise FerError(f"{folder.name}: {PREDICTIONS}/{path.name} holds a label outside 0 to {len(names) - 1}.")
    name = str(ref) if not Path(ref).is_dir() else folder.resolve().name
    return Saved(name, split, rows, labels, logits, float(config.get("temperature", 1.0)), names)


def read_leaked(ref: str | Path, split: Split) -> Integers | None:
    """Row ids (L,) of images with an exact or near duplicate in training; None where that was not measured.

    Raises:
        FerError: there is no such checkpoint, or its predictions cannot be read.
    """
    path = find_folder(ref) / PREDICTIONS / f"{split}.parquet"
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise FerError(f"{path.parent.parent.name}: {PREDICTIONS}/{path.name} cannot be read ({error}).") from error
    if "leaked" not in table:
        return None
    leaked: Integers = np.sort(table.loc[table["leaked"] > 0, "row"].to_numpy(np.int64))
    return leaked


def read_metrics_file(ref: str | Path) -> dict[str, Any]:
    """The content of a checkpoint's ``metrics.json``; empty where there is none.

    Raises:
        FerError: there is no such checkpoint, or the file is damaged.
    """
    path = find_folder(ref) / METRICS
    if not path.is_file():
        return {}
    content: dict[str, Any] = read_json(path)
    return content
