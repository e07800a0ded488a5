"""A folder of a user's own photos: detector and crop rule first, then the faces found as a set, and what was missed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.faces.crop import sample
from fer_explain.faces.detect import AUTO, detect
from fer_explain.faces.photo import open_photo
from fer_explain.types import Pixels
from training.data import FaceSet, ImageForm
from training.data.image_folder import is_image_folder, labelled_files

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)  # as in faces.preprocess


@dataclass(frozen=True, slots=True)
class Found:
    """How many photos of each class there were, and in how many of them a face was found.

    Attributes:
        photos: by class name.
        faces: by class name; a photo counts once, by its largest face.
    """

    photos: dict[str, int]
    faces: dict[str, int]

    def __str__(self) -> str:
        photos, faces = sum(self.photos.values()), sum(self.faces.values())
        missed = [f"{n - self.faces.get(name, 0):,} {name}" for name, n in self.photos.items()]
        missed = [text for text in missed if not text.startswith("0 ")]
        return f"faces found in {faces:,} of {photos:,} photos ({100 * faces / photos:.1f} %)" + (
            f"; not found: {', '.join(missed)}" if missed else ""
        )


def load_detected(source: str, split: str, form: ImageForm, detector: str = AUTO) -> tuple[FaceSet, Found]:
    """The largest face of each photo of an image folder, cut out as the app does it; photos without one are left out.

    Args:
        source: folder of photos by split and class, as ``--data`` takes it.
        split: which part to read.
        form: gray or colour, and the side of the crops.
        detector: the face detector.

    Raises:
        FerError: no such folder, an unreadable photo, or not one face.
    """
    path = Path(source)
    if not path.is_dir() or not is_image_folder(path):
        raise FerError(f"--data {source}: --detect needs a folder of photos, such as {split}/happy/photo.jpg.")
    entries, left_out = labelled_files(path, split)
    if not entries:
        raise FerError(f"--data {source}: the {split} split is empty.")
    crops = [_crop(open_photo(file), form, detector) for _, file, _ in entries]
    kept = [(crop, label, row) for crop, (row, _, label) in zip(crops, entries, strict=True) if crop is not None]
    found = Found(
        dict(Counter(LABELS[label] for _, _, label in entries)), dict(Counter(LABELS[label] for _, label, _ in kept))
    )
    if not kept:
        raise FerError(f"--data {source}: no face was found in any of {len(entries):,} photos.")
    images, labels, rows = zip(*kept, strict=True)
    return FaceSet(source, split, np.stack(images), np.array(labels), np.array(rows), left_out=left_out), found


def _crop(photo: Pixels, form: ImageForm, detector: str) -> Pixels | None:
    """The largest face as (side, side[, 3]), by the crop rule of the app; None without one."""
    faces = detect(photo, detector).faces
    if not faces:
        return None
    pixels = sample(photo, faces[0].to_photo, form.side)
    return (pixels @ _LUMA).round().astype(np.uint8) if form.gray else pixels
