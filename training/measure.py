"""Evaluates a checkpoint on a split: metrics, predictions and the model card, written into its folder."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from fer_explain.benchmark.calibration import Integers, fit_temperature
from fer_explain.benchmark.further import UNLEAKED, WHOLE, Further, read_further
from fer_explain.benchmark.metrics import evaluate
from fer_explain.emotions import LABELS, key_of
from fer_explain.errors import FerError
from fer_explain.hub.card import write_card
from fer_explain.hub.checkpoint import Checkpoint, load_checkpoint, read_metrics, set_temperature
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import DISTURBED, EXPLANATIONS, METRICS, PREDICTIONS, PROFILE, REGION_PROFILE
from training.data import FaceSet
from training.validation import predict
from training.views import ONE, with_views

Mask = NDArray[np.bool_]

PLAIN: Final = ("validation", "test")  # what "splits" in metrics.json holds


def forget_measurements(folder: Path) -> None:
    """Takes away all that was measured with a finished checkpoint's weights, before they are replaced."""
    for stale in (PROFILE, REGION_PROFILE, DISTURBED, EXPLANATIONS):
        (folder / stale).unlink(missing_ok=True)
    shutil.rmtree(folder / PREDICTIONS, ignore_errors=True)
    write_text(folder / METRICS, "{}\n")  # there is a measured checkpoint, of which nothing is known any more


def evaluate_checkpoint(
    folder: str | Path,
    faces: FaceSet,
    device: str = "cpu",
    *,
    views: str = ONE,
    data: str = "",
    train: FaceSet | None = None,
) -> dict[str, Any]:
    """Evaluates a checkpoint on a split, updates its folder and returns the new content of metrics.json.

    Args:
        folder: a checkpoint that :func:`load_checkpoint` finds.
        faces: the split.
        device: where the network runs.
        views: the test-time augmentation, one of :func:`list_views`.
        data: what to call a data set that the checkpoint was not trained on; "" for its own.
        train: its training split; with it the test split is also scored without images that occur there.

    Raises:
        FerError: the checkpoint cannot be loaded, knows no class of the data, its folder cannot be written, or there
            may be no card for it because test data took part in choosing it (what was measured is kept).
    """
    checkpoint = load_checkpoint(folder)
    names = checkpoint.config.label_names
    labels, known = in_its_classes(faces.labels, names, faces.label_names)
    network, spec = with_views(checkpoint.model.to(device), checkpoint.config.input, views)
    logits = predict(network, faces, spec).numpy()
    metrics, temperature = _calibrated(checkpoint, faces.split, views, data, logits[known], labels[known])
    parts = {WHOLE: np.ones_like(known)} | _unleaked(faces, train) | _by_source(faces)
    left_out = dict(Counter(faces.left_out) + Counter(faces.label_names[label] for label in faces.labels[~known]))
    for part, mask in parts.items():
        rows = mask & known
        if rows.any():
            scores = evaluate(logits[rows], labels[rows], names, temperature)
            _book(metrics, Further(data, faces.split, scores, views, part, left_out), faces.fingerprint)
    predictions = _predictions(faces, labels, logits, parts)[known]
    path = checkpoint.folder / PREDICTIONS / f"{Further.key(data, faces.split, views)}.parquet"
    write_atomically(path, lambda temporary: predictions.to_parquet(temporary, index=False))
    write_text(checkpoint.folder / METRICS, json.dumps(metrics, indent=2) + "\n")
    write_card(checkpoint.folder)
    return metrics


def in_its_classes(labels: Integers, label_names: Sequence[str], of: Sequence[str] = LABELS) -> tuple[Integers, Mask]:
    """Labels (N,) of the classes ``of`` as indices (N,) into a network's, by name; and where it has the class (N,).

    Raises:
        FerError: it has none of them.
    """
    own = [key_of(name) for name in label_names]
    indices = np.array([own.index(key_of(name)) if key_of(name) in own else -1 for name in of], np.int64)[labels]
    if not (indices >= 0).any():
        raise FerError(f"The checkpoint knows {', '.join(label_names)}; the data has no image of any of them.")
    return indices, indices >= 0


def _calibrated(
    checkpoint: Checkpoint, split: str, views: str, data: str, logits: NDArray[np.float32], labels: Integers
) -> tuple[dict[str, Any], float]:
    """The metrics to go on with, and the temperature: fitted on own validation data, each setting of views for itself.

    Elsewhere the one that was fitted with the same views is used, or the checkpoint's where there is none.
    """
    folder, metrics = checkpoint.folder, read_metrics(checkpoint.folder)
    temperature = checkpoint.config.temperature
    if split != "validation" or data:
        same_views = read_further(metrics).get(Further.key("", "validation", views))
        return metrics, same_views.scores.temperature if same_views else temperature
    if "calibration" in checkpoint.config.provenance and views == ONE:
        fitted = temperature  # fitted by training.calibrate, on data that are more like photos
    else:
        fitted = fit_temperature(logits, labels)
    if views == ONE and fitted != temperature:
        set_temperature(folder, fitted)
        metrics = {}  # what was measured with another temperature is stale
    if views == ONE:
        metrics |= {"temperature": fitted, "settings": {"tta": "none", "torch": torch.__version__}}
    return metrics, fitted


def _unleaked(faces: FaceSet, train: FaceSet | None) -> dict[str, Mask]:
    if train is None:
        return {}
    from training.audit.duplicates import leaked

    return {UNLEAKED: ~leaked(faces, train)}


def _by_source(faces: FaceSet) -> dict[str, Mask]:
    """The images of each data set of a mix; {} when there is only one."""
    if len(faces.sources) < 2:
        return {}
    return {f"from {Path(name).name}": faces.source_of == index for index, name in enumerate(faces.sources)}


def _book(metrics: dict[str, Any], one: Further, fingerprint: str) -> None:
    """Puts a measurement where it belongs in the content of metrics.json."""
    if one.name in PLAIN:
        metrics.setdefault("splits", {})[one.split] = one.scores.to_dict()
        metrics.setdefault("data", {})[one.split] = fingerprint
    else:
        metrics.setdefault("further", {})[one.name] = one.to_dict()


def _predictions(
    faces: FaceSet, labels: Integers, logits: NDArray[np.float32], parts: Mapping[str, Mask]
) -> pd.DataFrame:
    """Row ids, labels, logits (K columns); where they were asked for, whether an image leaked and its source."""
    table = pd.DataFrame({"row": faces.rows, "label": labels.astype("int8")})
    if UNLEAKED in parts:
        table["leaked"] = (~parts[UNLEAKED]).astype("int8")
    if len(faces.sources) > 1:
        table["source"] = faces.source_of.astype("int8")
    table[[f"logit_{index}" for index in range(logits.shape[1])]] = logits
    return table
