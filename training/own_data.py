"""What a run learns from: the flags of its data become two splits; what was left out or cut off is written down."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from fer_explain.errors import FerError
from fer_explain.hub.files import write_text
from fer_explain.types import InputSpec
from training.audit.duplicates import drop_leaks
from training.config import TrainConfig
from training.data import FaceSet, ImageForm, Reading, classes_in, load_mix
from training.detected import FaceCrop, found_in
from training.flags import share
from training.folds import take_fold
from training.holdout import CACHE, FILE, hold_out, write_cut
from training.targets import without_non_faces

UNUSED: Final = "unused.csv"  # in the output folder; it names files, and is never published


@dataclass(frozen=True, slots=True, eq=False)
class OwnData:
    """What a run learns from and is judged by, and how it was read."""

    train: FaceSet
    validation: FaceSet
    reading: Reading
    cut: pd.DataFrame


def read_own(options: argparse.Namespace, config: TrainConfig, spec: InputSpec) -> OwnData:
    """The training split and the one the epoch is chosen by, as the flags say.

    Raises:
        FerError: a data set cannot be read; the sentence names file, row or flag.
    """
    form = ImageForm(spec.gray and not config.cast, max(spec.size, config.train_size))  # a cast is on colours
    reading, cut = _reading(options, config), pd.DataFrame()
    if not options.folds:
        reading, cut = hold_out(options.data, reading, config.seed)
    train = load_mix(options.data, "train", form, balanced=options.balanced, seed=config.seed, reading=reading)
    if options.folds:
        train, validation = take_fold(train, options.folds, options.fold)
    else:
        validation = load_mix(options.data, "validation", form, every_class=False, reading=reading)
        _check_same(options.data, train, validation)
    if options.drop_leaks:
        # The test images only decide which training images go; nothing is chosen by them.
        train, dropped = drop_leaks(train, [validation, load_mix(options.data, "test", form, reading=reading)])
        print(f"left out {dropped} training images that match a validation or test image", flush=True)
    train = without_non_faces(train, config.labels)
    if options.limit:
        train, validation = train.head(options.limit), validation.head(options.limit)
    return OwnData(train, validation, reading, cut)


def write_down(data: OwnData, output: Path) -> list[str]:
    """Writes what was cut off and what could not be used into the output folder; returns sentences that say so.

    Raises:
        FerError: the folder cannot be written.
    """
    said = []
    if len(data.cut):
        write_cut(data.cut, output)
        n = int((data.cut["split"] == "validation").sum())
        said.append(f"{n:,} of {len(data.cut):,} training images were cut off for validation: {output / FILE}")
    data_read = (data.train, data.validation)
    unused = [each for faces in data_read for each in faces.omitted]
    if data.reading.crop is not None:
        said += [f"{faces.split}: {found_in(faces)}" for faces in data_read]
    if unused:
        table = pd.DataFrame([(each.split, each.where, each.reason) for each in unused])
        write_text(output / UNUSED, table.to_csv(index=False, header=["split", "image", "reason"]))
        said.append(f"images that could not be used: {len(unused):,}, listed in {output / UNUSED}")
    return said


def _reading(options: argparse.Namespace, config: TrainConfig) -> Reading:
    crop = FaceCrop(cache=options.output.parent / CACHE) if options.detect else None
    broken = share(options.max_broken, "--max-broken")
    reading = Reading(
        image_column=options.image_column, label_column=options.label_column, max_broken=broken, crop=crop
    )
    return replace(reading, classes=classes_in(options.data, options.classes, reading))


def _check_same(sources: Sequence[str], train: FaceSet, validation: FaceSet) -> None:
    absent = np.setdiff1d(np.arange(len(train.label_names)), validation.labels)
    if len(absent):
        names = ", ".join(train.label_names[index] for index in absent)
        raise FerError(
            f"--data {' + '.join(sources)}: the validation split has no image of {names}; "
            "--classes chooses the classes to learn."
        )
