"""Any image a browser can send -> the upright photo, or one sentence that says why not. Nothing is written anywhere."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from fer_explain.errors import FerError
from fer_explain.types import Pixels

Source = str | Path | Image.Image | np.ndarray[Any, Any]

MIN_SIDE: Final = 16  # pixels: below, not even a face that fills the picture can be read
MAX_PIXELS: Final = 64_000_000  # as the header states them, before a pixel is decoded
MAX_SIDE: Final = 2048  # larger photos are reduced to it: detection and display need no more
# Photographs and screenshots only: Pillow also opens formats that start other programs (EPS) or are no pictures.
FORMATS: Final = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "HEIF", "JPEG2000")
ACCEPTED: Final = "accepted are JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF and JPEG 2000"

_ORIENTATION: Final = 0x0112  # the EXIF tag
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_photo(source: Source) -> Pixels:
    """The upright photo as uint8 (H, W, 3) RGB in memory of its own, at most ``MAX_SIDE`` pixels on its long side.

    Turned as its EXIF data says, over white where it is transparent, scaled down where it has 16 bits per channel, the
    first frame where it is animated.

    Args:
        source: a path, a PIL image, or a uint8 array (H, W) gray, (H, W, 3) RGB or (H, W, 4) RGBA.

    Raises:
        FerError: it is missing, not a picture, damaged, too small, too large, or of another type.
    """
    if isinstance(source, str | Path):
        return _read(Path(source))
    if isinstance(source, Image.Image):
        _check_size(source.size, "The image")
        return _decode(source.copy(), "The image")
    if isinstance(source, np.ndarray):
        return _decode(_from_array(source), "The image")
    raise FerError(f"Expected a path, a PIL image or a uint8 array as photo, got {type(source).__name__}.")


def _read(path: Path) -> Pixels:
    name = f"'{path.name}'"
    _check_file(path, name)
    try:
        image = Image.open(path, formats=known_formats())
    except Image.DecompressionBombError as error:
        raise FerError(_too_large(name)) from error
    except OSError as error:  # Pillow's UnidentifiedImageError is one
        raise FerError(f"{name} is not an image that can be read; {ACCEPTED}.") from error
    except Exception as error:  # parsers of broken headers raise anything: struct.error, SyntaxError, ValueError, ...
        raise FerError(_damaged(name)) from error
    with image:
        _check_size(image.size, name)
        image.draft(None, (MAX_SIDE, MAX_SIDE))  # lets a large JPEG decode at 1/2, 1/4 or 1/8 of its size
        return _decode(image, name)


def _check_file(path: Path, name: str) -> None:
    try:
        if path.is_dir():
            raise FerError(f"{name} is a folder; expected an image file.")
        if not path.exists():
            raise FerError(f"There is no file {name}.")
        if not path.stat().st_size:
            raise FerError(f"{name} is empty; {ACCEPTED}.")
    except OSError as error:
        raise FerError(f"{name[:80]} cannot be read: {error.strerror}.") from error


def _check_size(size: tuple[int, int], name: str) -> None:
    """Judges the size in the header, before anything is decoded."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise FerError(_too_large(name, f" ({width} x {height})"))
    reduced = min(width, height) * min(1.0, MAX_SIDE / max(width, height, 1))  # what is left of a very long strip
    if reduced < MIN_SIDE:
        raise FerError(f"{name} is too small ({width} x {height} pixels); each side needs at least {MIN_SIDE} pixels.")


def _from_array(array: np.ndarray[Any, Any]) -> Image.Image:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise FerError(
            "Expected a uint8 array (H, W), (H, W, 3) or (H, W, 4) with values 0 to 255 as photo, "
            f"got {array.dtype} {array.shape}."
        )
    _check_size((array.shape[1], array.shape[0]), "The image")
    return Image.fromarray(np.ascontiguousarray(array[..., 0] if array.ndim == 3 and channels == 1 else array))


def _decode(image: Image.Image, name: str) -> Pixels:
    try:
        image.load()
        turn = None
        with suppress(Exception):  # a photo whose EXIF data is broken is still a photo
            turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))  # after load(), which turns some formats itself
        rgb = _flatten(image)
        rgb.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
        return np.array(rgb if turn is None else rgb.transpose(turn))
    except FerError:
        raise
    except Exception as error:  # decoders raise anything: OSError, SyntaxError, EOFError, struct.error, ...
        raise FerError(_damaged(name)) from error


def _flatten(image: Image.Image) -> Image.Image:
    """RGB with 8 bits per channel, over white where the image is transparent."""
    if image.mode.startswith("I"):
        return _from_16_bits(image).convert("RGB")
    if image.mode == "F":
        raise FerError("The image has floating-point pixels of unknown range; expected 8 or 16 bits per channel.")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    """A gray image of 16 or 32 bits, scaled to 8; Pillow's own conversion would clip it at 255."""
    values = np.asarray(image).astype(np.float64)
    largest = 65535.0 if values.max(initial=0) <= 65535 else values.max()
    return Image.fromarray((values.clip(0) * (255 / largest)).round().astype(np.uint8))


@cache
def known_formats() -> tuple[str, ...]:
    """Those of ``FORMATS`` that this version of Pillow reads; from the first call on it also reads HEIC and HEIF."""
    import pillow_heif

    Image.init()
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)  # the photo alone
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _too_large(name: str, size: str = "") -> str:
    return f"{name} is too large{size}; at most {MAX_PIXELS // 1_000_000} million pixels are accepted."


def _damaged(name: str) -> str:
    return f"{name} is damaged or incomplete and cannot be decoded; {ACCEPTED}."
