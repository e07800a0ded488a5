"""The photo with its numbered faces, each a button."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from PIL import Image

from fer_explain.types import Box, Face, Pixels
from fer_explain.ui.texts import Texts

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


def face_picker(shown: Shown, faces: Sequence[Face], chosen: int, texts: Texts) -> str:
    """The photo and a button over each face; the chosen one is bold."""
    alt = escape(texts("photo.alt", n=len(faces)))
    buttons = "".join(
        _face_button(shown, face, i, i == chosen, _name(face, i, len(faces), texts)) for i, face in enumerate(faces)
    )
    return (
        f'<div class="fer-photo" style="--ratio:{shown.width / shown.height:.4f}">'
        f'<img src="{shown.uri}" alt="{alt}">{buttons}</div>'
    )


def _name(face: Face, index: int, total: int, texts: Texts) -> str:
    return texts("photo.face_of", n=index + 1, total=total, score=round(100 * face.score))


def _face_button(shown: Shown, face: Face, index: int, chosen: bool, name: str) -> str:
    box = shown.place(face).box
    left, top = max(0.0, box.x0 / shown.width), max(0.0, box.y0 / shown.height)
    right, bottom = min(1.0, box.x1 / shown.width), min(1.0, box.y1 / shown.height)
    place = f"left:{left:.3%};top:{top:.3%};width:{right - left:.3%};height:{bottom - top:.3%}"
    return (
        f'<button type="button" class="fer-face" data-face="{index}" aria-pressed="{str(chosen).lower()}" '
        f'aria-label="{escape(name)}" title="{escape(name)}" style="{place}"><span>{index + 1}</span></button>'
    )


def _uri(image: Image.Image, kind: str, **options: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
