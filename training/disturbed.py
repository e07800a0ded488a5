"""Measures a checkpoint under the suite of disturbances and writes ``disturbed.json`` and its card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_explain.benchmark.disturbances import SEED, SUITE, disturb
from fer_explain.benchmark.disturbed import Disturbed, row, share
from fer_explain.hub.card import write_card
from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import DISTURBED, PREDICTIONS
from training.data import FaceSet
from training.measure import in_its_classes
from training.validation import predict

Answers = NDArray[np.int64]

ANSWERS: Final = "disturbed.parquet"  # among the predictions
PLAIN: Final = "as_it_is"


def some(faces: FaceSet, n: int | None) -> FaceSet:
    """``n`` of the faces, drawn by :data:`SEED` and in their order; all of them for None or a larger ``n``."""
    if n is None or n >= len(faces):
        return faces
    return faces.take(np.sort(np.random.default_rng(SEED).permutation(len(faces))[:n]))


def measure_disturbed(
    folder: str | Path,
    faces: FaceSet,
    device: str = "cpu",
    report: Callable[[str], None] = lambda _line: None,
    *,
    keep_answers: bool = False,
) -> Disturbed:
    """Runs the whole suite over a split, updates the checkpoint's folder and returns what was found.

    Args:
        folder: a checkpoint that :func:`load_checkpoint` finds.
        faces: the split; faces of a class the network does not know are left out.
        device: where the network runs.
        report: gets a line for each disturbance that is done.
        keep_answers: also keep, among the predictions, what it said of each face: a row per face with its ``row`` and
            ``label``, the answer to it ``as_it_is``, and the one under each disturbance at its strongest.

    Raises:
        FerError: the checkpoint cannot be loaded, knows no class of the data, or its folder cannot be written.
    """
    checkpoint = load_checkpoint(folder)
    labels, known = in_its_classes(faces.labels, checkpoint.config.label_names, faces.label_names)
    faces, labels = faces.take(np.flatnonzero(known)), labels[known]
    network = checkpoint.model.to(device)

    def answers(disturbed: FaceSet) -> Answers:
        return np.asarray(predict(network, disturbed, checkpoint.config.input).argmax(1).numpy(), np.int64)

    before = answers(faces)
    plain, rows = share(before == labels), []
    report(f"{'as it is':17} accuracy {plain}")
    keys = faces.rows.tolist()
    strongest = pd.DataFrame({"row": faces.rows, "label": labels, PLAIN: before})
    for name, one in SUITE.items():
        for strength, amount in enumerate(one.amounts, 1):
            said = answers(replace(faces, images=disturb(faces.images, name, strength, keys)))
            rows.append(row(name, strength, amount, said, before, labels))
            strongest[name] = said  # the last one stays
            report(f"{name:12} {amount:4g} accuracy {rows[-1].accuracy}, unchanged {rows[-1].unchanged}")
    found = Disturbed(faces.split, len(faces), faces.fingerprint, SEED, plain, tuple(rows))
    write_text(checkpoint.folder / DISTURBED, found.to_json())
    write_card(checkpoint.folder)
    if keep_answers:
        path = checkpoint.folder / PREDICTIONS / ANSWERS
        write_atomically(path, lambda temporary: strongest.to_parquet(temporary, index=False))
    return found
