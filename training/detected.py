"""A folder of a user's own photos: detector and crop rule first, then the faces found as a set, and what was missed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from fer_explain.errors import FerError
from fer_explain.faces.crop import sample
from fer_explain.faces.detect import AUTO, detect
from fer_explain.faces.photo import open_photo
from fer_explain.hub.files import write_atomically
from fer_explain.types import Pixels
from training.data import PLAIN, FaceSet, ImageForm, Reading, load_split
from training.data.faces import opened
from training.data.image_folder import is_image_folder
from training.data.source import Item, missed

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


def load_detected(
    source: str, split: str, form: ImageForm, detector: str = AUTO, reading: Reading = PLAIN
) -> tuple[FaceSet, Found]:
    """The largest face of each photo of an image folder, cut out as the app does it; photos without one are left out.

    Args:
        source: folder of photos by split and class, as ``--data`` takes it.
        split: which part to read.
        form: gray or colour, and the side of the crops.
        detector: the face detector.
        reading: the classes.

    Raises:
        FerError: no such folder, an unreadable photo, or not one face.
    """
    path = Path(source)
    if not path.is_dir() or not is_image_folder(path):
        raise FerError(f"--data {source}: --detect needs a folder of photos, such as {split}/happy/photo.jpg.")
    faces = load_split(source, split, form, every_class=False, reading=replace(reading, crop=FaceCrop(detector)))
    return faces, found_in(faces)


def found_in(faces: FaceSet) -> Found:
    """How many photos there were and how many faces were found in them."""
    found = {name: int((faces.labels == index).sum()) for index, name in enumerate(faces.label_names)}
    lost = missed(faces)
    photos = {name: n + lost.get(name, 0) for name, n in found.items()}
    return Found({name: n for name, n in photos.items() if n}, {name: n for name, n in found.items() if n})


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """The largest face in each photo, by the crop rule of the app; found once where there is a cache.

    Attributes:
        detector: the face detector.
        cache: folder of the faces found, a PNG each, named by the photo's content; None: they are not kept.
    """

    detector: str = AUTO
    cache: Path | None = None

    def __call__(self, item: Item, form: ImageForm) -> Pixels | None:
        """The face (side, side[, 3]); None without one.

        Raises:
            FerError: the photo cannot be read, or the cache not be written.
        """
        data = item.image() if callable(item.image) else item.image
        face = (
            self._find(data, item.where, form.side) if self.cache is None else self._kept(data, item.where, form.side)
        )
        if face is None or not form.gray:
            return face
        return (face @ _LUMA).round().astype(np.uint8)

    def _find(self, data: bytes | Path | Pixels, where: str, side: int) -> Pixels | None:
        photo = open_photo(data if isinstance(data, Path | np.ndarray) else opened(data, where, ImageForm(False)))
        faces = detect(photo, self.detector).faces
        return sample(photo, faces[0].to_photo, side) if faces else None

    def _kept(self, data: bytes | Path | Pixels, where: str, side: int) -> Pixels | None:
        assert self.cache is not None, "asked only with a cache"
        path = self.cache / f"{_digest(data, where, f'{self.detector} {side}')}.png"
        if path.exists():
            return np.asarray(Image.open(path)) if path.stat().st_size else None
        face = self._find(data, where, side)
        write_atomically(
            path, lambda file: file.touch() if face is None else Image.fromarray(face).save(file, format="PNG")
        )
        return face


def _digest(data: bytes | Path | Pixels, where: str, how: str) -> str:
    try:
        content = data.read_bytes() if isinstance(data, Path) else bytes(data)
    except OSError as error:
        raise FerError(f"{where}: not a readable image.") from error
    return hashlib.sha256(how.encode() + content).hexdigest()[:24]
