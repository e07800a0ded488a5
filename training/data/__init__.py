"""Labelled faces from a parquet folder, a Hub data set, a CSV or a folder of images, alone or mixed, decoded once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fer_explain.errors import FerError
from training.data.classes import FEWEST, SEVEN, Classes, choose_classes
from training.data.csv_file import CsvFile
from training.data.faces import SPLITS, FaceSet, ImageForm, joined
from training.data.image_folder import ImageFolder, is_image_folder
from training.data.mix import balanced_mix
from training.data.source import Reading, Source, collect, items_of

__all__ = [
    "SPLITS",
    "Classes",
    "FaceSet",
    "ImageForm",
    "Reading",
    "balanced_mix",
    "classes_in",
    "joined",
    "load_mix",
    "load_split",
    "open_source",
]

PLAIN = Reading()
_LOG = logging.getLogger(__name__)


def load_split(
    source: str, split: str, form: ImageForm, *, every_class: bool = True, reading: Reading = PLAIN
) -> FaceSet:
    """Reads one split (``train`` | ``validation`` | ``test``) of ``--data``.

    Labels are mapped by name. Images of a class that is not learned are left out, counted in ``FaceSet.left_out`` and
    reported as a warning.

    Args:
        source: a folder of parquet shards, a parquet file, a Hub data set id, a CSV file, or a folder of images (see
            README).
        split: which part to read.
        form: gray or colour, and the side that larger images are reduced to.
        every_class: refuse a split that lacks one of the classes.
        reading: the classes (FER2013's seven if nothing is said) and how the data are read.

    Raises:
        FerError: nothing there, an empty split, a missing class, or a bad row; the sentence names the file and row.
    """
    items = items_of(open_source(source, reading), source, split, reading)
    faces = collect(source, split, items, form, reading)
    accepted = ", ".join(faces.label_names)
    for name, count in faces.left_out.items():
        _LOG.warning(
            "--data %s: left out %d %s images of '%s', which is not one of %s.", source, count, split, name, accepted
        )
    broken = [each for each in faces.omitted if not each.label]
    if broken:
        _LOG.warning(
            "--data %s: left out %d %s images that cannot be read; the first is %s.",
            source, len(broken), split, broken[0].where,
        )  # fmt: skip
    if not len(faces):
        unknown = ", ".join(f"'{name}'" for name in faces.left_out)
        reason = f"; {unknown} is not one of {accepted}" if unknown else ""
        if faces.omitted:
            reason = f": no face was found in any of {len(faces.omitted):,} photos"
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
    reading: Reading = PLAIN,
) -> FaceSet:
    """Reads one split of one or more sources as one set, in which every image knows its source.

    Args:
        sources: what :func:`load_split` accepts, at least one.
        split: which part to read of each.
        form: gray or colour, and the largest side; images of different sizes are all brought to it.
        balanced: take as many images of every class, as evenly from the sources as they allow.
        seed: decides which images a balanced mix takes.
        every_class: refuse a mix (not a single source of it) that lacks one of the classes.
        reading: the classes and how the data are read.

    Raises:
        FerError: no source, the same source twice, or what :func:`load_split` refuses.
    """
    _check_sources(sources)
    mix = joined([load_split(source, split, form, every_class=False, reading=reading) for source in sources], form)
    _check_classes(mix, every_class=every_class)
    return balanced_mix(mix, seed) if balanced else mix


def classes_in(sources: Sequence[str], wanted: str = "", reading: Reading = PLAIN, fewest: int = FEWEST) -> Classes:
    """The classes of data sets, as :func:`training.data.classes.choose_classes` chooses them.

    Raises:
        FerError: a data set cannot be read, or has no such classes.
    """
    _check_sources(sources)
    chosen = tuple(part.partition("=")[0].strip() for part in wanted.split(",")) if wanted else ()
    asked = replace(reading, classes=Classes(tuple((name, name) for name in chosen))) if chosen else reading
    found = set().union(*(open_source(source, asked).names() for source in sources))
    return choose_classes(found, wanted, " + ".join(sources), fewest)


def open_source(source: str, reading: Reading = PLAIN) -> Source:
    """What reads a data set, by what it looks like."""
    path, columns = Path(source), (reading.image_column, reading.label_column)
    if path.suffix.lower() == ".csv":
        return CsvFile(path, *columns)
    if path.is_dir() and is_image_folder(path):
        return ImageFolder(path, [own for own, _ in reading.classes.pairs])
    from training.data.hub_dataset import HubDataset, ParquetFile  # `datasets` takes a second to import

    return ParquetFile(source, *columns) if path.suffix.lower() == ".parquet" else HubDataset(source, *columns)


def _check_sources(sources: Sequence[str]) -> None:
    if not sources:
        raise FerError("--data: name at least one data set.")
    repeated = [source for source in sources if sources.count(source) > 1]
    if repeated:
        raise FerError(f"--data {repeated[0]}: named twice; every source of a mix is read once.")


def _check_classes(faces: FaceSet, *, every_class: bool) -> None:
    absent = [label for index, label in enumerate(faces.label_names) if not (faces.labels == index).any()]
    if absent and every_class:
        hint = f" (left out: {', '.join(faces.left_out)})" if faces.left_out else ""
        more = "" if faces.label_names == SEVEN.names else "; --classes chooses the classes to learn"
        raise FerError(
            f"--data {faces.source}: the {faces.split} split has no image of {', '.join(absent)}{hint}{more}."
        )
