"""Labelled faces from a parquet folder, a Hub data set, the Kaggle CSV or a folder of images, decoded once."""

from __future__ import annotations

from pathlib import Path

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from training.data.csv_file import read_csv
from training.data.faces import SPLITS, FaceSet, ImageForm
from training.data.hub_dataset import read_dataset
from training.data.image_folder import is_image_folder, read_image_folder

__all__ = ["SPLITS", "FaceSet", "ImageForm", "load_split"]


def load_split(source: str, split: str, form: ImageForm, *, every_class: bool = True) -> FaceSet:
    """Reads one split (``train`` | ``validation`` | ``test``) of ``--data``.

    Args:
        source: a folder of parquet shards, a Hub data set id, a CSV file, or a folder of images (see README).
        form: gray or colour, and the side that larger images are reduced to.
        every_class: refuse a split that lacks one of the seven classes.

    Raises:
        FerError: nothing there, an empty split, a missing class, or a bad row; the sentence names the file and row.
    """
    path = Path(source)
    if path.suffix.lower() == ".csv":
        faces = read_csv(path, split, form)
    elif path.is_dir() and is_image_folder(path):
        faces = read_image_folder(path, split, form)
    else:
        faces = read_dataset(source, split, form)
    if not len(faces):
        raise FerError(f"--data {source}: the {split} split is empty.")
    absent = [label for index, label in enumerate(LABELS) if not (faces.labels == index).any()]
    if absent and every_class:
        raise FerError(f"--data {source}: the {split} split has no image of {', '.join(absent)}.")
    return faces
