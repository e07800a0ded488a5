"""Fits a finished network's balance and temperature on the validation data that stand for its users' photos.

    python -m training.calibrate --checkpoint runs/field --data FER2013 PRESS

A data set with FER+'s votes is scored by them, any other by its own labels. Two things are fitted there, both on
validation splits alone:

* the balance: tau x log of each class's share in training is taken off its logit (Menon et al. 2021, section 4.1), in
  the classifier's bias. The largest tau is taken that costs no data set more than 0.3 points of accuracy.
* the temperature (Guo et al. 2017) and, from the predictions this leaves in ``predictions/calibration.parquet``, the
  page's prediction sets. So "80 %" means 80 % on such photos.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_explain.benchmark.calibration import fit_temperature
from fer_explain.errors import FerError
from fer_explain.hub.card import write_card
from fer_explain.hub.checkpoint import load_checkpoint, save_checkpoint
from fer_explain.hub.files import write_atomically
from fer_explain.hub.folder import CALIBRATION, PREDICTIONS
from training.compress import is_compressed
from training.data import FaceSet, ImageForm, Reading, load_split
from training.holdout import reading_of
from training.manners import command
from training.measure import forget_measurements
from training.targets import FERPLUS, as_ferplus, label_targets
from training.validation import predict

TAUS: Final = tuple(round(0.05 * step, 2) for step in range(21))
LARGEST_LOSS: Final = 0.003  # of accuracy on any of the data sets
_RARE: Final = 10  # a class with fewer images does not count for balanced accuracy


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A network's logits (N, K) on one data set's validation split, and the labels (N,)."""

    name: str
    logits: NDArray[np.float64]
    labels: NDArray[np.int64]

    def accuracy(self, shift: NDArray[np.float64]) -> float:
        """Share of right answers in 0..1 with ``shift`` (K,) added to the logits."""
        return float(((self.logits + shift).argmax(1) == self.labels).mean())

    def balanced(self, shift: NDArray[np.float64]) -> float:
        """Mean recall in 0..1 of the classes with at least ten images; of all that occur where none has so many."""
        right = (self.logits + shift).argmax(1) == self.labels
        counts = np.bincount(self.labels, minlength=self.logits.shape[1])
        classes = np.flatnonzero(counts >= min(_RARE, counts.max()))
        return float(np.mean([right[self.labels == label].mean() for label in classes]))


def choose_tau(judged: Sequence[Judged], log_prior: NDArray[np.float64]) -> float:
    """The largest tau of :data:`TAUS` that costs no data set more than 0.3 points of accuracy; at least 0."""
    before = [each.accuracy(np.zeros_like(log_prior)) for each in judged]
    fitting = [
        tau
        for tau in TAUS
        if all(each.accuracy(-tau * log_prior) >= was - LARGEST_LOSS for each, was in zip(judged, before, strict=True))
    ]
    return max(fitting)


def calibrate(folder: Path, sources: Sequence[str], device: str = "cpu") -> dict[str, Any]:
    """Fits balance and temperature, writes them into the folder, and returns what config.json says about it.

    All that was measured with the former weights goes; ``training.evaluate`` measures anew.

    Raises:
        FerError: it was calibrated already, a data set cannot be read, or the folder cannot be written.
    """
    checkpoint = load_checkpoint(folder)
    if "calibration" in checkpoint.config.provenance:
        raise FerError(f"--checkpoint {folder}: it was calibrated already.")
    spec, model = checkpoint.config.input, checkpoint.model.to(device)
    form = ImageForm(spec.gray, spec.size)
    reading = reading_of(folder, checkpoint.config)
    splits = [
        _as_judged(load_split(source, "validation", form, every_class=False, reading=reading)) for source in sources
    ]
    judged = [Judged(faces.split, predict(model, faces, spec).double().numpy(), faces.labels) for faces in splits]
    log_prior = np.log(_shares(sources, form, reading))
    tau = choose_tau(judged, log_prior)
    shift = -tau * log_prior
    shift -= shift.mean()
    _shift_bias(model, torch.from_numpy(shift))
    logits, labels = (np.concatenate([getattr(each, part) for each in judged]) for part in ("logits", "labels"))
    temperature = fit_temperature(logits + shift, labels)
    told = {
        "data": [each.name for each in judged],
        "n": [len(each.labels) for each in judged],
        "tau": tau,
        "accuracy": [round(each.accuracy(shift), 5) for each in judged],
        "balanced_accuracy": [round(each.balanced(shift), 5) for each in judged],
        "accuracy_before": [round(each.accuracy(0 * shift), 5) for each in judged],
        "balanced_accuracy_before": [round(each.balanced(0 * shift), 5) for each in judged],
    }
    source = checkpoint.config.provenance | {"calibration": told}
    config = replace(checkpoint.config, temperature=temperature, provenance=source)
    stored = torch.int8 if is_compressed(folder) else torch.float16
    forget_measurements(folder)
    save_checkpoint(folder, model.cpu(), config, stored)
    table = _predictions(judged, shift)
    path = folder / PREDICTIONS / f"{CALIBRATION}.parquet"
    write_atomically(path, lambda temporary: table.to_parquet(temporary, index=False))
    write_card(folder)
    return told


def _as_judged(faces: FaceSet) -> FaceSet:
    """With FER+'s labels where there are votes; its name in the place of the split's."""
    name = Path(faces.source).name
    if faces.votes is not None and faces.votes.any():
        return replace(as_ferplus(faces), split=f"{name} ({FERPLUS})")
    return replace(faces, split=name)


def _shares(sources: Sequence[str], form: ImageForm, reading: Reading) -> NDArray[np.float64]:
    """Each class's share (K,) of what was learned: votes where there are any, else labels."""
    classes = len(reading.classes.names)
    total = np.zeros(classes)
    for source in sources:
        faces = load_split(source, "train", form, every_class=False, reading=reading)
        voted = faces.votes is not None and bool(faces.votes.any())
        targets = label_targets(faces, FERPLUS) if voted else None
        counted = np.bincount(faces.labels, minlength=classes) if targets is None else targets.sum(0).numpy()
        total += counted
    shares: NDArray[np.float64] = np.maximum(total, 1) / np.maximum(total, 1).sum()
    return shares


def _shift_bias(model: nn.Module, shift: Tensor) -> None:
    """Adds ``shift`` (K,) to the classifier's bias.

    Raises:
        FerError: the network does not end in a linear layer with a bias.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear) and layer.out_features == len(shift)]
    if not layers or layers[-1].bias is None:
        raise FerError("The network has no linear classifier with a bias, in which its balance could be set.")
    with torch.no_grad():
        layers[-1].bias.add_(shift.to(layers[-1].bias))


def _predictions(judged: Sequence[Judged], shift: NDArray[np.float64]) -> pd.DataFrame:
    """Running row ids, labels, the data set's place, and the logits (K columns) with the new balance."""
    labels = np.concatenate([each.labels for each in judged])
    table = pd.DataFrame({"row": np.arange(len(labels)), "label": labels.astype("int8")})
    table["source"] = np.repeat(np.arange(len(judged)), [len(each.labels) for each in judged]).astype("int8")
    logits = (np.concatenate([each.logits for each in judged]) + shift).astype(np.float32)
    table[[f"logit_{index}" for index in range(logits.shape[1])]] = logits
    return table


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="DIR", help="a finished checkpoint")
    parser.add_argument("--data", nargs="+", required=True, metavar="PATH_OR_HUB_ID", help="what it was trained on")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    told = calibrate(options.checkpoint, options.data, options.device)
    for name, n, was, now, was_balanced, balanced in zip(
        told["data"],
        told["n"],
        told["accuracy_before"],
        told["accuracy"],
        told["balanced_accuracy_before"],
        told["balanced_accuracy"],
        strict=True,
    ):
        print(
            f"{name}, validation, n = {n:,}: accuracy {100 * was:.1f} -> {100 * now:.1f} %, "
            f"balanced {100 * was_balanced:.1f} -> {100 * balanced:.1f} %"
        )
    print(f"tau = {told['tau']}")


if __name__ == "__main__":
    main()
