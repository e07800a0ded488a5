"""A split in memory, and the one way an encoded image becomes pixels of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_explain.errors import FerError
from fer_explain.types import Pixels

SPLITS: Final = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class ImageForm:
    """How images are kept: gray (N, H, W) or colour (N, H, W, 3); sides above ``side`` pixels are reduced to it."""

    gray: bool = True
    side: int = 48


@dataclass(frozen=True, slots=True, eq=False)
class FaceSet:
    """One split: images uint8 (N, H, W) or (N, H, W, 3), labels int64 (N,) in FER2013's order, and each image's
    stable row id int64 (N,) in its source."""

    source: str
    split: str
    images: Pixels
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over pixels and labels, the first 16 hex digits."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).tobytes())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()[:16]

    def head(self, n: int) -> FaceSet:
        """The first ``n`` images, for a quick trial."""
        return FaceSet(self.source, self.split, self.images[:n], self.labels[:n], self.rows[:n])


def decode(data: bytes | str | Path | Image.Image, where: str, form: ImageForm) -> Pixels:
    """One image as uint8 (H, W) or (H, W, 3).

    Raises:
        FerError: it cannot be read; the sentence says ``where`` it came from.
    """
    try:
        opened = (
            data if isinstance(data, Image.Image) else Image.open(io.BytesIO(data) if isinstance(data, bytes) else data)
        )
        image = opened.convert("L" if form.gray else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FerError(f"{where}: not a readable image.") from error
    if max(image.size) > form.side:
        image = image.resize((form.side, form.side), Image.Resampling.BILINEAR)
    return np.asarray(image)


def stack(images: Iterable[Pixels], form: ImageForm) -> Pixels:
    """Images as one array; where their sizes differ, all are resized to ``form.side``."""
    images = list(images)
    if len({image.shape for image in images}) > 1:
        side = (form.side, form.side)
        images = [np.asarray(Image.fromarray(image).resize(side, Image.Resampling.BILINEAR)) for image in images]
    return np.stack(images) if images else np.zeros((0, form.side, form.side), np.uint8)
