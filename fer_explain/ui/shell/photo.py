"""The photo with its numbered faces, each a button."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from fer_explain.types import Box, Face, Pixels

LONGEST = 1024  # pixels of the shown photo's longer side: sharp on any column of the page, and light to send


@dataclass(frozen=True, slots=True)
class Shown:
    """A photo as the page shows it: an address that holds the picture itself, its size, and shown / real pixels."""

    uri: str
    width: int
    height: int
    scale: float

    def place(self, face: Face) -> Face:
        """The same face in the coordinates of the shown photo."""
        box = Box(*(self.scale * side for side in (face.box.x0, face.box.y0, face.box.x1, face.box.y1)))
        return replace(face, box=box, to_photo=(face.to_photo * self.scale).astype(np.float32))

    def around(self, face: Face, margin: float) -> str:
        """The part with a face of the shown photo and a margin (in its sides), cut off at the border: a ``viewBox``."""
        low, high = face.corners.min(axis=0), face.corners.max(axis=0)
        room = margin * (high - low).max()
        x0, y0 = np.maximum(low - room, 0)
        x1, y1 = np.minimum(high + room, (self.width, self.height))
        return f"{x0:.0f} {y0:.0f} {max(1, x1 - x0):.0f} {max(1, y1 - y0):.0f}"


def show(photo: Pixels, longest: int = LONGEST) -> Shown:
    """Reduces a photo (H, W, 3) so that its longer side has at most ``longest`` pixels."""
    height, width = photo.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    reduced = Image.fromarray(photo)
    if scale < 1:
        reduced = reduced.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return Shown(_uri(reduced, "JPEG", quality=88), *size, scale)


def photo_uri(pixels: Pixels) -> str:
    """A photographic picture (H, W, 3) as an address that holds it."""
    return _uri(Image.fromarray(pixels), "JPEG", quality=92)


def picture_uri(pixels: Pixels) -> str:
    """A picture (H, W, 3 or 4) as a lossless address that holds it: nothing is written to disk for the page."""
    return _uri(Image.fromarray(pixels), "PNG", compress_level=1)


def _uri(image: Image.Image, kind: str, **options: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
