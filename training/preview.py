"""What a run would learn, before it does: classes by split, what looks wrong, ten images, and the time of an epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

from fer_explain.hub.files import write_atomically
from fer_explain.models import create_model
from fer_explain.types import InputSpec
from training.audit.duplicates import leaks
from training.augment import draw
from training.batches import make_batch, on_device
from training.config import TrainConfig
from training.data import FaceSet
from training.data.faces import resized
from training.data.source import TINY

if TYPE_CHECKING:
    from training.own_data import OwnData

SAMPLES: Final = "samples.png"
_SHOWN: Final = 10
_SIDE: Final = 112
_UNEVEN: Final = 10  # times as many images of one class as of another
_FEW: Final = 20
_TIMED: Final = 3  # steps
_VALIDATION_COST: Final = 1 / 3  # of training's per image: there is no backward pass


def preview(name: str, config: TrainConfig, spec: InputSpec, data: OwnData, output: Path) -> list[str]:
    """Lines that tell what would be learned; ten images go to ``samples.png`` in the output folder.

    Raises:
        FerError: the folder cannot be written, or the network cannot be built.
    """
    path = output / SAMPLES
    picture = samples(data.train, config.seed)
    write_atomically(path, lambda file: Image.fromarray(picture).save(file, format="PNG"))
    table = class_table([data.train, data.validation])
    seconds = epoch_seconds(name, config, spec, data.train, len(data.validation))
    minutes = f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
    warned = [f"warning: {sentence}" for sentence in warnings(data.train, data.validation)]
    return [
        table.to_string(),
        *warned,
        f"{_SHOWN} training images: {path}",
        f"an epoch takes about {minutes} here, {config.epochs} epochs {config.epochs * seconds / 60:.0f} minutes",
    ]


def class_table(sets: list[FaceSet]) -> pd.DataFrame:
    """Images by class (rows) and split (columns), with a row of all."""
    names = list(sets[0].label_names)
    counts = {faces.split: np.bincount(faces.labels, minlength=len(names)) for faces in sets}
    table = pd.DataFrame(counts, index=names)
    table.loc["all"] = table.sum()
    return table


def warnings(train: FaceSet, validation: FaceSet) -> Iterator[str]:
    """Sentences about what may go wrong: rare classes, duplicates across the splits, tiny and unusable images."""
    counts = np.bincount(train.labels, minlength=len(train.label_names))
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] >= _UNEVEN * counts[least]:
        yield (
            f"{train.label_names[most]} has {counts[most] / max(1, counts[least]):.0f} times as many images as "
            f"{train.label_names[least]}; --class-weights root evens that out"
        )
    if counts[least] < _FEW:
        yield f"{train.label_names[least]} has {counts[least]} training images; {_FEW} are few"
    shared = int(leaks(validation, train).sum())
    if shared:
        yield f"validation images with an exact or near duplicate in training: {shared:,}"
    for faces in (train, validation):
        if faces.small:
            yield f"{faces.split} images with a side below {TINY} pixels: {faces.small:,}"
        if faces.omitted:
            first = faces.omitted[0].where
            yield f"{faces.split} images that cannot be used: {len(faces.omitted):,}; the first is {first}"
        for name, n in faces.left_out.items():
            yield f"{faces.split} images of '{name}', which are left out: {n:,}"


def samples(faces: FaceSet, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Ten images in two rows, uint8 (224, 560[, 3]): as many of each class as of any other, drawn by a fixed seed."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(faces))
    rank = pd.Series(faces.labels[order]).groupby(faces.labels[order]).cumcount().to_numpy()
    chosen = order[np.argsort(rank, kind="stable")][:_SHOWN]
    chosen = np.resize(chosen, _SHOWN)
    tiles = [resized(faces.images[place], _SIDE) for place in chosen]
    half = math.ceil(_SHOWN / 2)
    return np.concatenate([np.concatenate(tiles[:half], axis=1), np.concatenate(tiles[half:], axis=1)])


def epoch_seconds(name: str, config: TrainConfig, spec: InputSpec, train: FaceSet, validation: int) -> float:
    """How long a pass over both splits takes on this machine's CPU, by three steps of training."""
    model = create_model(name, num_classes=len(train.label_names), **config.model_args).train()
    n = min(config.batch_size, len(train))
    split = on_device(train.head(n), torch.device("cpu"))
    taken = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        x, targets = make_batch(split, torch.arange(n), draw(n, config), spec, config)
        torch.autograd.backward(nn.functional.cross_entropy(model(x), targets))
        taken.append(time.perf_counter() - began)
    return min(taken) / n * (len(train) + _VALIDATION_COST * validation)
