"""What is no photo ends in one sentence."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import png, saved
from PIL import Image

from fer_explain.errors import FerError
from fer_explain.faces.photo import MAX_PIXELS, MIN_SIDE, open_photo


@pytest.mark.parametrize("side", [9_000, 12_000, 20_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_enormous_picture_is_refused_by_its_header(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(side, side))  # there is not a single pixel to decode
    with pytest.raises(FerError, match=f"^'bomb.png' is too large.*at most {MAX_PIXELS // 1_000_000} million pixels"):
        open_photo(path)


def encoded(format_: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, format_, **options)
    return stream.getvalue()


BAD_FILES = {
    "text.png": (b"this is no picture", "is not an image"),
    "empty.jpg": (b"", "is empty"),
    "script.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not an image"),
    "print.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n", "is not an image"),
    "cut.jpg": (encoded("JPEG")[:900], "is damaged or incomplete"),
    "cut.png": (encoded("PNG")[:900], "is damaged or incomplete"),
    "cut.webp": (encoded("WEBP")[:900], "is (damaged|not an image)"),
    "cut.gif": (encoded("GIF")[:900], "is damaged or incomplete"),
    "header.png": (encoded("PNG")[:20], "is (damaged|not an image)"),
    "header.jpg": (encoded("JPEG")[:4], "is (damaged|not an image)"),
    "dot.png": (png(1, 1, row=b"\0\1\2\3"), f"too small .1 x 1 pixels.*at least {MIN_SIDE}"),
    "strip.png": (png(20_000, 20), "too small .20000 x 20 pixels"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    content, sentence = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FerError, match=sentence) as caught:
        open_photo(tmp_path / name)
    assert str(caught.value).startswith(f"'{name}'")
    assert str(tmp_path) not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow on the broken metadata
def test_a_file_broken_anywhere_never_raises_anything_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "a"
    for format_ in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        content = np.frombuffer(encoded(format_), np.uint8)
        for _ in range(25):
            broken = content.copy()
            broken[rng.integers(0, min(len(broken), 400), 6)] = rng.integers(0, 255, 6)
            path.write_bytes(broken.tobytes())
            with suppress(FerError):
                assert open_photo(path).ndim == 3


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (np.zeros((40, 40, 3), np.float32), r"got float32 \(40, 40, 3\)"),
        (np.zeros((40, 40, 3), np.uint16), "got uint16"),
        (np.zeros((40, 40, 2), np.uint8), r"got uint8 \(40, 40, 2\)"),
        (np.zeros((2, 40, 40, 3), np.uint8), r"got uint8 \(2, 40, 40, 3\)"),
        (np.zeros(40, np.uint8), r"got uint8 \(40,\)"),
        (np.zeros((0, 40, 3), np.uint8), "too small"),
        (np.zeros((1, 1, 3), np.uint8), "too small"),
        (Image.new("RGB", (1, 1)), "too small"),
        (Image.new("F", (40, 40)), "floating-point"),
        (None, "got NoneType"),
        ([[1, 2], [3, 4]], "got list"),
        ("no/such/file.png", "There is no file 'file.png'"),
        ("x" * 5000, "cannot be read"),
        ("nul\0byte", "There is no file|cannot be read"),
        (Path(__file__).parent, "is a folder"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
def test_a_source_that_is_no_photo_is_one_sentence(source: Any, sentence: str) -> None:
    with pytest.raises(FerError, match=sentence):
        open_photo(source)


@pytest.mark.parametrize("name", ["a.heic", "a.jp2"])
def test_half_a_phone_photo_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    path = saved(tmp_path / name, Image.fromarray(noise))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FerError, match=r"is damaged|is not an image"):
        open_photo(path)
