"""Every kind of photo gives the right picture."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from pictures import BLUE, GREEN, RED, assert_close, middles, png, quarters, saved
from PIL import Image

from fer_explain.faces.photo import MAX_SIDE, open_photo
from fer_explain.types import Pixels


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
