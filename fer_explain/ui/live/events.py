"""One frame of the camera in, what the page draws over it out."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from fer_explain.analyzer import Analyzer
from fer_explain.emotions import color_of
from fer_explain.errors import FerError
from fer_explain.explain.registry import explainer
from fer_explain.explain.tested import QUICK, tested_map
from fer_explain.types import Box, Detection, FaceAnalysis
from fer_explain.ui.live.tracks import Track, Tracks
from fer_explain.ui.shell.heat_picture import heat_picture
from fer_explain.ui.shell.texts import Texts

MOST_FACES: Final = 5  # analysed per frame, the largest ones
LARGEST_FRAME: Final = 3_000_000  # characters
MAPS: Final = 0.25  # seconds of processor time that the maps of one frame may take: four frames a second on one core
PREFIX: Final = "data:image/jpeg;base64,"


@dataclass(frozen=True, slots=True)
class Frame:
    """What the page sends.

    Attributes:
        image: a JPEG as data address.
        model: name of the checkpoint; None for the default one.
        heat: whether the page shows heat maps.
        tracks: what the answer to the last frame held.
        time: seconds on the page's clock.
    """

    image: str
    model: str | None
    heat: bool
    tracks: Tracks
    time: float

    @classmethod
    def from_json(cls, message: Any) -> Frame:
        """Checks a message of the page.

        Raises:
            FerError: it is not one.
        """
        try:
            model = message.get("model") or None
            tracks, time = Tracks.from_json(message.get("tracks")), float(message["time"])
            image = message["image"]
            if not isinstance(image, str) or not image.startswith(PREFIX) or len(image) > LARGEST_FRAME:
                raise ValueError(image)
            return cls(image, model and str(model), bool(message.get("heat")), tracks, time)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise FerError("The page sent something that is not a camera frame.") from None

    def picture(self) -> Image.Image:
        """The frame, decoded.

        Raises:
            FerError: it is not a JPEG.
        """
        try:
            data = base64.b64decode(self.image[len(PREFIX) :], validate=True)
            picture = Image.open(io.BytesIO(data), formats=("JPEG",))
            picture.load()
        except (binascii.Error, OSError, ValueError):
            raise FerError("The page sent a camera frame that cannot be decoded.") from None
        return picture


def see(analyzer: Analyzer, frame: Frame, texts: Texts) -> dict[str, Any]:
    """Finds and reads the faces of a frame: boxes in fractions of the frame, labels, averaged probabilities, maps.

    ``map`` is the title of the explanation that drew them: the tested map where there is time for it.

    Raises:
        FerError: the frame cannot be decoded, or the model cannot be used.
    """
    found = analyzer.detect(frame.picture(), fast=True)
    faces = found.faces[:MOST_FACES]
    method, settings = _map(analyzer, frame.model, len(faces)) if frame.heat else (None, {})
    analyses = analyzer.explain(faces, frame.model, method=method, **settings)
    height, width = found.photo.shape[:2]
    boxes = [_fractions(face.box, width, height) for face in faces]
    probabilities = [analysis.prediction.probabilities.tolist() for analysis in analyses]
    tracks = frame.tracks.update(boxes, probabilities, frame.time)
    shown = zip(analyses, tracks.faces[: len(analyses)], strict=True)
    return {
        "faces": [_face(found, analysis, track, texts) for analysis, track in shown],
        "tracks": tracks.to_json(),
        "map": explainer(method).title if method else "",
    }


def _map(analyzer: Analyzer, model: str | None, faces: int) -> tuple[str, dict[str, Any]]:
    """The tested map if it is quick enough for so many faces, else Grad-CAM; and its settings."""
    found = tested_map(analyzer.folder(model))
    if found is None or found.best.seconds * faces > MAPS:
        return QUICK, {}
    return found.best.method, found.best.settings


def _face(found: Detection, analysis: FaceAnalysis, track: Track, texts: Texts) -> dict[str, Any]:
    box, labels = track.box, analysis.prediction.labels
    return {
        "box": [box.x0, box.y0, box.width, box.height],
        "shares": [
            [texts.emotion(label), color_of(label, labels), share]
            for label, share in zip(labels, track.probabilities, strict=True)
        ],
        "heat": heat_picture(analysis, found.photo.shape[:2]),
    }


def _fractions(box: Box, width: int, height: int) -> Box:
    return Box(box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height)
