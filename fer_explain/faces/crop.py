"""The one rule by which a square face is cut from a photo, for the app and for the evaluation of photos alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from fer_explain.types import Box, Face, Floats, Pixels

MIN_SIDE: Final = 16  # pixels of a crop
MAX_SIDE: Final = 256  # networks look at 224 at most; larger faces are reduced with anti-aliasing


@dataclass(frozen=True, slots=True)
class CropRule:
    """How a square is laid around a face.

    Attributes:
        margin: added on every side, as a fraction of the box's longer side. 0 gives what FER2013 shows: on its own
            faces MTCNN's box is as high as the picture (median 1.06) and the eyes lie 0.37 of its side apart.
        align_eyes: turn the crop so that the eyes lie level. Without it a crop only follows quarter turns, because
            faces of FER2013 keep their tilt and a spatial transformer has learned to right it.
    """

    margin: float = 0.0
    align_eyes: bool = False

    def __post_init__(self) -> None:
        if not -0.4 <= self.margin <= 2:
            raise ValueError(f"CropRule: margin must lie between -0.4 and 2, got {self.margin}")


def crop_face(
    photo: Pixels,
    box: Box,
    landmarks: Floats | None = None,
    rule: CropRule | None = None,
    *,
    score: float = 1.0,
    source: str = "box",
) -> Face:
    """Cuts a face out of a photo uint8 (H, W, 3); what lies beyond the border repeats the border's pixels.

    The crop keeps the photo's resolution, between 16 and 256 pixels a side.
    """
    matrix = to_photo(box, landmarks, rule or CropRule())
    native = 2 * math.hypot(matrix[0, 0], matrix[1, 0])
    pixels = sample(photo, matrix, side=min(max(round(native), MIN_SIDE), MAX_SIDE))
    return Face(pixels, box, matrix, landmarks, score, source)


def to_photo(box: Box, landmarks: Floats | None, rule: CropRule) -> Floats:
    """The map (2, 3) from the crop (normalised) to the photo (pixels) that the rule gives a face."""
    half = max(box.width, box.height) * (0.5 + rule.margin)
    angle = 0.0 if landmarks is None else eye_angle(landmarks)
    if not rule.align_eyes:
        angle = round(angle / (math.pi / 2)) * math.pi / 2
    # Rounded so that a quarter turn is exact.
    cos, sin = (half * round(value, 9) + 0.0 for value in (math.cos(angle), math.sin(angle)))
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return np.array([[cos, -sin, x], [sin, cos, y]], np.float32)


def eye_angle(landmarks: Floats) -> float:
    """How far the line through the eyes is turned, in radians, clockwise on screen; 0 for an upright face."""
    x, y = (landmarks[1] - landmarks[0]).tolist()
    return math.atan2(y, x)


def sample(photo: Pixels, matrix: Floats, side: int) -> Pixels:
    """The photo's pixels uint8 (side, side, 3) under a crop, by the map ``matrix`` (2, 3) from :func:`to_photo`.

    Bilinear. A crop with more photo pixels than output pixels is sampled on a grid finer by a whole factor, whose
    blocks are then averaged, so that nothing is skipped.
    """
    native = 2 * max(np.hypot(*matrix[:, 0]), np.hypot(*matrix[:, 1]))
    finer = max(1, math.ceil(native / side - 0.01))
    fine = side * finer
    # Index j of the fine grid lies at the normalised (2 j + 1) / fine - 1; OpenCV counts from pixel centres.
    step = 2 / fine
    linear = matrix[:, :2] * step
    origin = matrix[:, :2] @ np.full(2, step / 2 - 1) + matrix[:, 2] - 0.5
    pixels = cv2.warpAffine(
        photo,
        np.column_stack([linear, origin]).astype(np.float64),
        (fine, fine),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if finer > 1:
        pixels = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(pixels, np.uint8)
