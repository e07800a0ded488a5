"""YuNet (Wu et al. 2023) through OpenCV, when its weights are at hand or can be had within a moment.

They are looked for once per process: at ``FER_EXPLAIN_YUNET``, in huggingface_hub's cache, then on the Hub. Only the
one file whose SHA-256 is known is used.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from fer_explain.errors import FerError
from fer_explain.faces.found import Found, nothing
from fer_explain.types import Pixels

REPOSITORY: Final = "opencv/face_detection_yunet"
FILE: Final = "face_detection_yunet_2023mar.onnx"
SHA256: Final = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
VARIABLE: Final = "FER_EXPLAIN_YUNET"
PATIENCE: Final = 1.5  # seconds a request waits for the Hub, whatever hangs: name lookup, connection or transfer

_log = logging.getLogger(__name__)
_lock = threading.Lock()


class YuNet:
    """OpenCV's YuNet behind the interface of every detector."""

    def __init__(self, weights: Path) -> None:
        self._net = cv2.FaceDetectorYN.create(str(weights), "", (320, 320), 0.7, 0.3)
        self._lock = threading.Lock()  # the input size is a state of the detector

    def __call__(self, image: Pixels, smallest: float = 10.0) -> Found:
        """Finds the faces of a uint8 (H, W, 3) RGB image that are at least about ``smallest`` pixels large."""
        height, width = image.shape[:2]
        with self._lock:
            self._net.setInputSize((width, height))
            _, rows = self._net.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        return nothing() if rows is None else convert(rows, smallest)


def convert(rows: np.ndarray[Any, Any], smallest: float) -> Found:
    """OpenCV's rows (N, 15) (x, y, width, height, five points from the image's left, score) as :class:`Found`."""
    rows = np.asarray(rows, np.float32).reshape(-1, 15)
    rows = rows[rows[:, 2:4].max(axis=1) >= smallest]
    return Found(np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]]), rows[:, 4:14].reshape(-1, 5, 2), rows[:, 14])


def load() -> YuNet:
    """The one YuNet of this process.

    Raises:
        FerError: it cannot be had, now and for the rest of this process.
    """
    with _lock:  # a cache alone would let two first requests both try
        outcome = _load_once()
    if isinstance(outcome, str):
        raise FerError(outcome)
    return outcome


@cache
def _load_once() -> YuNet | str:
    """YuNet, or the sentence that says why not: an exception that is kept would keep the photo it was raised for."""
    try:
        return YuNet(_verified(_weights()))
    except (FerError, cv2.error) as error:
        _log.info("YuNet is not used: %s", error)
        return str(error) if isinstance(error, FerError) else f"OpenCV cannot read {FILE}."


def _weights() -> Path:
    """Where the weights lie, after a download if need be."""
    from huggingface_hub import constants, try_to_load_from_cache

    if named := os.environ.get(VARIABLE):
        return Path(named)
    cached = try_to_load_from_cache(REPOSITORY, FILE)
    if isinstance(cached, str):
        return Path(cached)
    if constants.HF_HUB_OFFLINE:
        raise FerError(f"{FILE} is not in the cache of huggingface_hub, and HF_HUB_OFFLINE is set.")
    return _fetch()


def _fetch() -> Path:
    """Downloads the weights into huggingface_hub's cache, or gives up after ``PATIENCE`` seconds.

    Upstream defect, no issue found: no time limit of huggingface_hub bounds a name lookup, so it runs in a thread.
    Test: test_time_limit_does_not_bound_a_name_lookup. It also tries a broken transfer again for minutes. A download
    that ends too late serves the next process.
    """
    arrived: list[Path] = []

    def fetch() -> None:
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

        try:
            get_hf_file_metadata(hf_hub_url(REPOSITORY, FILE), timeout=PATIENCE)  # fails at once when it fails
            arrived.append(Path(hf_hub_download(REPOSITORY, FILE, etag_timeout=PATIENCE)))
        except Exception as error:  # offline, refused, no such file, disk full: all mean "not now"
            _log.info("The Hub did not give %s: %s", FILE, error)

    thread = threading.Thread(target=fetch, name="fetch-yunet", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not arrived:
        raise FerError(f"{FILE} could not be fetched from the Hub repository {REPOSITORY}.")
    return arrived[0]


def _verified(path: Path) -> Path:
    """The file, if it is the known one."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise FerError(f"'{path}' cannot be read: {error.strerror}.") from error
    if digest != SHA256:
        raise FerError(f"'{path}' is not {FILE}: its SHA-256 is {digest[:12]}..., expected {SHA256[:12]}...")
    return path
