"""Every kind of upload gives the right picture or one sentence."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from fer_explain.errors import FerError
from fer_explain.faces.photo import MAX_PIXELS, MAX_SIDE, MIN_SIDE, known_formats, open_photo
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


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.ppm", "a.gif", "a.jp2"])
def test_lossless_files_come_back_exactly(tmp_path: Path, name: str) -> None:
    assert_close(open_photo(saved(tmp_path / name, Image.fromarray(quarters()))), quarters())


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.avif", "a.heic", "a.heif"])
def test_lossy_files_keep_their_colours(tmp_path: Path, name: str) -> None:
    photo = open_photo(str(saved(tmp_path / name, Image.fromarray(quarters()), quality=95)))
    assert_close(middles(photo), middles(quarters()), 6)


def test_a_file_may_carry_the_wrong_extension(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(quarters()))
    assert_close(open_photo(path.rename(tmp_path / "a.jpg")), quarters())


@pytest.mark.parametrize(
    "array",
    [
        quarters(),
        quarters()[:, ::-1],
        np.dstack([quarters(), np.full((40, 60), 255, np.uint8)]),
        quarters()[..., 0],
        quarters()[..., :1],
    ],
    ids=["rgb", "a view", "rgba", "gray", "gray with an axis"],
)
def test_arrays(array: Pixels) -> None:
    photo = open_photo(array)
    expected = array[..., None] if array.ndim == 2 else array
    expected = expected.repeat(3, axis=2) if expected.shape[2] == 1 else expected[..., :3]
    assert_close(photo, expected)
    assert photo.flags.writeable
    assert not np.shares_memory(photo, array)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_exif_rotation_is_undone(tmp_path: Path, orientation: int, suffix: str) -> None:
    upright = quarters(64, 96)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored))
    photo = open_photo(saved(tmp_path / f"a.{suffix}", image, exif=exif, quality=100))
    assert photo.shape == upright.shape
    assert_close(middles(photo), middles(upright), 6)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, on the broken block
def test_a_broken_exif_block_does_not_spoil_the_photo(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(quarters()), exif=b"Exif\0\0MM\0*\xff\xff\xff\xffgarbage")
    assert_close(open_photo(path), quarters())


def test_cmyk_jpeg(tmp_path: Path) -> None:
    image = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    assert_close(open_photo(saved(tmp_path / "a.jpg", image)), np.full((32, 32, 3), RED, np.uint8), 4)


@pytest.mark.parametrize("name", ["a.png", "a.tiff"])
def test_16_bits_are_scaled_not_clipped(tmp_path: Path, name: str) -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (32, 1))
    photo = open_photo(saved(tmp_path / name, Image.fromarray(ramp)))
    assert_close(photo, np.repeat((ramp / 257).round().astype(np.uint8)[..., None], 3, axis=2))


def test_16_bits_per_colour_channel(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(32, 32, 16, b"\0" + struct.pack(">3H", 65535, 32768, 0) * 32))
    assert_close(open_photo(path), np.full((32, 32, 3), (255, 128, 0), np.uint8), 1)


def test_palettes_and_single_bits(tmp_path: Path) -> None:
    image = Image.fromarray(quarters())
    assert_close(open_photo(saved(tmp_path / "p.png", image.quantize(4))), quarters())
    bits = Image.fromarray(quarters()[..., 0]).convert("1")
    assert_close(open_photo(saved(tmp_path / "b.png", bits)), np.asarray(bits)[..., None].repeat(3, 2) * np.uint8(255))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_over_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 20, 40))
    path = saved(tmp_path / "a.png", image.convert(mode))
    photo = open_photo(path)
    assert (photo[:, :20] == 0).all()
    assert (photo[:, 20:] == 255).all()


def test_an_animation_shows_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), color) for color in (RED, GREEN, BLUE)]
    for name in ("a.gif", "a.webp", "a.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
        assert_close(open_photo(tmp_path / name), np.full((32, 32, 3), RED, np.uint8))


def test_a_large_photo_is_reduced(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", Image.fromarray(quarters(3000, 4500)))
    photo = open_photo(path)
    assert photo.shape == (round(MAX_SIDE * 2 / 3), MAX_SIDE, 3)
    assert_close(middles(photo), middles(quarters(*photo.shape[:2])), 3)


def test_a_pil_image_stays_as_it_is() -> None:
    image = Image.fromarray(quarters(100, 3000))
    assert open_photo(image).shape[1] == MAX_SIDE
    assert image.size == (3000, 100)


def png(width: int, height: int, depth: int = 8, row: bytes | None = None) -> bytes:
    """A PNG in RGB whose header says what it likes, written by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    data = zlib.compress((row or b"") * height)
    header = struct.pack(">2I5B", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


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


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("name", ["a.heic", "a.jpg"])
def test_phone_photos_are_turned_once_and_alike(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = open_photo(saved(tmp_path / name, Image.fromarray(quarters(64, 96)), exif=exif.tobytes(), quality=95))
    turned = np.rot90(quarters(64, 96), {1: 0, 3: 2, 6: 3, 8: 1}[orientation])
    assert photo.shape == turned.shape
    assert_close(middles(photo), middles(turned), 8)


def test_48_megapixels_of_a_phone_are_reduced(tmp_path: Path) -> None:
    large = Image.fromarray(quarters(6048, 8064))
    photo = open_photo(saved(tmp_path / "a.heic", large, quality=60))
    assert photo.shape == (1536, 2048, 3)
    assert_close(middles(photo), middles(quarters(1536, 2048)), 8)


def test_a_portrait_photo_with_further_pictures_gives_its_own(tmp_path: Path) -> None:
    """Phones store a depth map, or a second shot, beside the photo; the primary one counts."""
    heif = pillow_heif.from_pillow(Image.fromarray(quarters(64, 96)))
    heif.add_from_pillow(Image.new("L", (48, 32), 90))
    heif.save(tmp_path / "a.heic", quality=95, primary_index=0)
    photo = open_photo(tmp_path / "a.heic")
    assert_close(middles(photo), middles(quarters(64, 96)), 8)


def test_jpeg_2000_with_16_bits_and_with_transparency(tmp_path: Path) -> None:
    wide = Image.fromarray(np.full((40, 60), 32768, np.uint16))
    assert_close(open_photo(saved(tmp_path / "a.jp2", wide)), np.full((40, 60, 3), 127, np.uint8), 1)
    clear = Image.fromarray(np.dstack([quarters(), np.zeros((40, 60), np.uint8)]))
    assert_close(open_photo(saved(tmp_path / "b.jp2", clear)), np.full((40, 60, 3), 255, np.uint8), 1)


@pytest.mark.parametrize("name", ["a.heic", "a.jp2"])
def test_half_a_phone_photo_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    path = saved(tmp_path / name, Image.fromarray(noise))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FerError, match=r"is damaged|is not an image"):
        open_photo(path)
