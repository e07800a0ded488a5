"""Finds the faces of a photo with one of the detectors and cuts them out by the one crop rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from fer_explain.errors import FerError
from fer_explain.faces import mtcnn, yunet
from fer_explain.faces.crop import CropRule, crop_face
from fer_explain.faces.found import Detector, Found
from fer_explain.faces.look import find
from fer_explain.types import Box, Detection, Face, Floats, Pixels

AUTO: Final = "auto"
FACE_CROP: Final = "face crop"
WHOLE_IMAGE: Final = "whole image"

# By preference; each loads its detector once, or raises FerError.
_DETECTORS: Final = MappingProxyType[str, Callable[[], Detector]]({"yunet": yunet.load, "mtcnn": mtcnn.load})

_FACE_CROP_SIDE: Final = 112  # pixels: FER2013 has 48, RAF-DB 100, aligned recognition sets 112
_FACE_CROP_CONTRAST: Final = 8.0  # standard deviation of the gray values: a flat gray square is no face
_SURE: Final = 0.99  # MTCNN's score of most upright faces; hardly one that lies on its side reaches it
_ROOM: Final = 0.25  # detectors see a face that touches the border better with some room around it


@dataclass(frozen=True, slots=True)
class Search:
    """How hard to look for faces.

    Attributes:
        long_side: a larger photo is reduced to this many pixels before detection.
        smallest: the smallest face to look for, as a fraction of the long side.
        again: where no face is found for sure, look again for larger ones, with room around the photo and turned.
        face_crops: take a small square picture that a face fills for a face, see :func:`is_face_crop`.
    """

    long_side: int = 640
    smallest: float = 0.04
    again: bool = True
    face_crops: bool = True


THOROUGH: Final = Search()
FAST: Final = Search(long_side=320, smallest=0.12, again=False, face_crops=False)  # for the live view


def list_detectors() -> list[str]:
    """The names :func:`detect` takes: ``auto`` (the first of the others that is at hand), then the detectors."""
    return [AUTO, *_DETECTORS]


def load_detector(name: str = AUTO) -> tuple[str, Detector]:
    """A detector and its own name; ``auto`` becomes the first one that is at hand.

    The first call of a process may take a second: an app calls it before the first request.

    Raises:
        FerError: there is no such detector, or it cannot be had.
    """
    if name != AUTO and name not in _DETECTORS:
        raise FerError(f"There is no face detector '{name}'; known are {', '.join(list_detectors())}.")
    names = list(_DETECTORS) if name == AUTO else [name]
    for candidate in names[:-1]:
        try:
            return candidate, _DETECTORS[candidate]()
        except FerError:  # not at hand: the next one
            continue
    return names[-1], _DETECTORS[names[-1]]()


def detect(photo: Pixels, detector: str = AUTO, rule: CropRule | None = None, search: Search = THOROUGH) -> Detection:
    """Finds the faces of an upright photo, largest first. No face is an empty list.

    Faces that lie on their side or head are looked for only where no upright one is found for sure. The photo stays
    as it is; the crops of such faces are upright.

    Args:
        photo: uint8 (H, W, 3) RGB, as from :func:`fer_explain.faces.photo.open_photo`.
        detector: one of :func:`list_detectors`.
        rule: how faces are cut out.
        search: how hard to look; :data:`FAST` for a stream.

    Raises:
        FerError: there is no such detector, or it cannot be had.
    """
    name, finder = load_detector(detector)
    if search.face_crops and (face := _as_face_crop(photo, finder)):
        return Detection(photo, [face], name)
    found = _search(photo, finder, search)
    largest_first = np.argsort(-_sizes(found), kind="stable").tolist()
    return Detection(photo, [_cut(photo, found, i, rule, name) for i in largest_first], name)


def whole_image(photo: Pixels) -> Face:
    """The whole photo as one face, for whoever knows better than the detector; squared by repeating its border."""
    height, width = photo.shape[:2]
    return crop_face(photo, Box(0, 0, width, height), source=WHOLE_IMAGE)


def is_face_crop(photo: Pixels, detector: str = AUTO) -> bool:
    """Whether a picture already is a face cut out like FER2013's, so that cutting again would lose part of it.

    It is when it is square with at most 112 pixels a side, and the face a detector finds in it is at least half as
    high as the picture. Detectors miss one in twelve faces of FER2013, so where nothing is found, a gray picture
    counts as a face unless it is flat; one with colours does not.
    """
    return _as_face_crop(photo, load_detector(detector)[1]) is not None


def _as_face_crop(photo: Pixels, finder: Detector) -> Face | None:
    side = photo.shape[0]
    if photo.shape[1] != side or side > _FACE_CROP_SIDE:
        return None
    face = replace(whole_image(photo), source=FACE_CROP)
    found = find(finder, photo, side=144, smallest=0.3, border=_ROOM)
    if not len(found.scores):
        gray = bool((photo == photo[..., :1]).all())
        return face if gray and photo.std() > _FACE_CROP_CONTRAST else None
    best = int(_sizes(found).argmax())
    if _sizes(found)[best] < side / 2:
        return None
    return replace(face, landmarks=found.landmarks[best], score=float(found.scores[best]))


def _search(photo: Pixels, finder: Detector, search: Search) -> Found:
    """The faces of a photo: those of the first look, or of the most convincing one when the first is unsure.

    A detector may see a face in a real one that lies on its side, only less surely, and with landmarks gone astray.
    """
    side = min(search.long_side, max(photo.shape[:2]))
    found = find(finder, photo, side, search.smallest)
    if not search.again or found.scores.max(initial=0) >= _SURE:
        return found
    smallest = max(search.smallest, 0.1)
    others = [find(finder, photo, side, smallest, border=_ROOM, turns=turns) for turns in range(4)]
    return max((found, *others), key=lambda look: float(look.scores.sum()))


def _cut(photo: Pixels, found: Found, index: int, rule: CropRule | None, name: str) -> Face:
    box = Box(*found.boxes[index].tolist())
    return crop_face(photo, box, found.landmarks[index], rule, score=float(found.scores[index]), source=name)


def _sizes(found: Found) -> Floats:
    """The longer side (N,) of each box."""
    sizes: Floats = (found.boxes[:, 2:] - found.boxes[:, :2]).max(axis=1, initial=0)
    return sizes
