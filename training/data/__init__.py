"""Labelled faces from a parquet folder, a Hub data set, a CSV or a folder of images, alone or mixed, decoded once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from training.data.csv_file import read_csv
from training.data.faces import SPLITS, FaceSet, ImageForm, joined
from training.data.image_folder import is_image_folder, read_image_folder
from training.data.mix import balanced_mix

__all__ = ["SPLITS", "FaceSet", "ImageForm", "balanced_mix", "joined", "load_mix", "load_split"]

_LOG = logging.getLogger(__name__)


def load_split(source: str, split: str, form: ImageForm, *, every_class: bool = True) -> FaceSet:
    """Reads one split (``train`` | ``validation`` | ``test``) of ``--data``.

    Labels are mapped to the seven emotions by name. Images of a class that is none of them are left out, counted in
    ``FaceSet.left_out`` and reported as a warning.

    Args:
        source: a folder of parquet shards, a parquet file, a Hub data set id, a CSV file, or a folder of images (see
            README).
        split: which part to read.
        form: gray or colour, and the side that larger images are reduced to.
        every_class: refuse a split that lacks one of the seven classes.

    Raises:
        FerError: nothing there, an empty split, a missing class, or a bad row; the sentence names the file and row.
    """
    faces = _read(source, split, form)
    for name, count in faces.left_out.items():
        _LOG.warning(
            "--data %s: left out %d %s images of '%s', which is not one of %s.",
            source,
            count,
            split,
            name,
            ", ".join(LABELS),
        )
    if not len(faces):
        unknown = ", ".join(f"'{name}'" for name in faces.left_out)
        reason = f"; {unknown} is not one of {', '.join(LABELS)}" if unknown else ""
        raise FerError(f"--data {source}: the {split} split is empty{reason}.")
    _check_classes(faces, every_class=every_class)
    return faces


def load_mix(
    sources: Sequence[str],
    split: str,
    form: ImageForm,
    *,
    balanced: bool = False,
    seed: int = 0,
    every_class: bool = True,
) -> FaceSet:
    """Reads one split of one or more sources as one set, in which every image knows its source.

    Args:
        sources: what :func:`load_split` accepts, at least one.
        split: which part to read of each.
        form: gray or colour, and the largest side; images of different sizes are all brought to it.
        balanced: take as many images of every class, as evenly from the sources as they allow.
        seed: decides which images a balanced mix takes.
        every_class: refuse a mix (not a single source of it) that lacks one of the seven classes.

    Raises:
        FerError: no source, the same source twice, or what :func:`load_split` refuses.
    """
    if not sources:
        raise FerError("--data: name at least one data set.")
    repeated = [source for source in sources if sources.count(source) > 1]
    if repeated:
        raise FerError(f"--data {repeated[0]}: named twice; every source of a mix is read once.")
    mix = joined([load_split(source, split, form, every_class=False) for source in sources], form)
    _check_classes(mix, every_class=every_class)
    return balanced_mix(mix, seed) if balanced else mix


def _read(source: str, split: str, form: ImageForm) -> FaceSet:
    from training.data.hub_dataset import read_dataset, read_parquet_file  # `datasets` takes a second to import

    path = Path(source)
    if path.suffix.lower() == ".csv":
        return read_csv(path, split, form)
    if path.suffix.lower() == ".parquet":
        return read_parquet_file(path, split, form)
    if path.is_dir() and is_image_folder(path):
        return read_image_folder(path, split, form)
    return read_dataset(source, split, form)


def _check_classes(faces: FaceSet, *, every_class: bool) -> None:
    absent = [label for index, label in enumerate(LABELS) if not (faces.labels == index).any()]
    if absent and every_class:
        hint = f" (left out: {', '.join(faces.left_out)})" if faces.left_out else ""
        raise FerError(f"--data {faces.source}: the {faces.split} split has no image of {', '.join(absent)}{hint}.")
