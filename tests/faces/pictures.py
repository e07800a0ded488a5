"""Pictures that are known pixel by pixel, and files of them, for tests of what is opened."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fer_explain.faces.photo import known_formats
from fer_explain.types import Pixels

known_formats()  # so that Pillow writes them, too
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(height: int = 40, width: int = 60) -> Pixels:
    """Four colours, so that no turn or flip goes unnoticed: red, green over blue, white."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, WHITE
    return pixels


def middles(pixels: Pixels) -> Pixels:
    """The middle of each quarter, far from the edges that lossy formats blur."""
    height, width = pixels.shape[:2]
    return pixels[height // 4 :: height // 2, width // 4 :: width // 2]


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def assert_close(photo: Pixels, expected: Pixels, tolerance: int = 0) -> None:
    assert photo.dtype == np.uint8
    assert photo.shape == expected.shape
    assert int(np.abs(photo.astype(int) - expected).max()) <= tolerance


def png(width: int, height: int, depth: int = 8, row: bytes | None = None) -> bytes:
    """A PNG in RGB whose header says what it likes, written by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    data = zlib.compress((row or b"") * height)
    header = struct.pack(">2I5B", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
