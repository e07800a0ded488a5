"""A look at a photo, reduced, with room around it or turned by quarters, and the way back to the photo."""

from __future__ import annotations

import cv2
import numpy as np

from fer_explain.faces.found import Detector, Found
from fer_explain.types import Floats, Pixels, apply_affine

SMALLEST = 12.0  # pixels: no detector here knows smaller faces


def find(detector: Detector, photo: Pixels, side: int, smallest: float, border: float = 0, turns: int = 0) -> Found:
    """The faces a detector finds in a photo uint8 (H, W, 3), in photo pixels.

    Args:
        detector: what finds them.
        photo: stays as it is.
        side: length in pixels of the long side of what the detector is shown.
        smallest: the smallest face to look for, as a fraction of the long side.
        border: room added around the photo, as a fraction of its long side, by repeating its border.
        turns: quarter turns, counter-clockwise.
    """
    scale = side / max(photo.shape[:2])
    height, width = (max(1, round(length * scale)) for length in photo.shape[:2])
    image = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    room = round(border * side)
    image = cv2.copyMakeBorder(image, room, room, room, room, cv2.BORDER_REPLICATE)
    found = detector(np.ascontiguousarray(np.rot90(image, turns)), max(smallest * side, SMALLEST))

    back = unturned(turns, image.shape[1], image.shape[0])
    back[:, 2] -= room
    back *= np.array([[photo.shape[1] / width], [photo.shape[0] / height]], np.float32)
    corners = apply_affine(back, found.boxes.reshape(-1, 2)).reshape(-1, 2, 2)
    boxes = np.hstack([corners.min(axis=1), corners.max(axis=1)])
    return Found(boxes, apply_affine(back, found.landmarks.reshape(-1, 2)).reshape(-1, 5, 2), found.scores)


def unturned(turns: int, width: int, height: int) -> Floats:
    """The map (2, 3) from an image after ``np.rot90(image, turns)`` to the image of ``width`` x ``height`` pixels."""
    matrices = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, -1, width], [1, 0, 0]],
        [[-1, 0, width], [0, -1, height]],
        [[0, 1, 0], [-1, 0, height]],
    )
    return np.array(matrices[turns % 4], np.float32)
