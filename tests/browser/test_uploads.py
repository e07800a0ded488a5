"""Everything a browser can send ends in the right picture or in one sentence."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from driver import App, png
from PIL import Image
from playwright.sync_api import expect

from fer_explain.faces.photo import known_formats
from tests.files import files_in


def sixteen_bits(photo: Image.Image) -> bytes:
    return png(Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257))


def animated(photo: Image.Image) -> bytes:
    return png(photo, "GIF", save_all=True, append_images=[Image.new("RGB", photo.size, "red")] * 2)


def transparent(photo: Image.Image) -> bytes:
    cut = photo.convert("RGBA")
    cut.putalpha(Image.new("L", photo.size, 255).point(lambda value: value))
    cut.paste((0, 0, 0, 0), (0, 260, 400, 400))
    return png(cut)


def turned(photo: Image.Image) -> bytes:
    """Lies on its side in the file; the EXIF tag says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = photo.crop((0, 0, 400, 300)).transpose(Image.Transpose.ROTATE_90)
    return png(wide, "JPEG", exif=exif, quality=95)


def phone(photo: Image.Image) -> bytes:
    """As an iPhone stores it: HEIC that lies on its side."""
    known_formats()
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = photo.crop((0, 0, 400, 300)).transpose(Image.Transpose.ROTATE_90)
    return png(wide, "HEIF", exif=exif.tobytes(), quality=90)


RIGHT: dict[str, tuple[str, Callable[[Image.Image], bytes]]] = {
    "cmyk": ("photo.jpg", lambda photo: png(photo.convert("CMYK"), "JPEG", quality=95)),
    "16-bit": ("photo.png", sixteen_bits),
    "gif": ("photo.gif", animated),
    "transparent": ("photo.png", transparent),
    "exif": ("photo.jpg", turned),
    "heic": ("IMG_0001.HEIC", phone),
    "jpeg 2000": ("photo.jp2", lambda photo: png(photo, "JPEG2000")),
    "webp": ("photo.webp", lambda photo: png(photo, "WEBP")),
}
WRONG: dict[str, tuple[str, Callable[[Image.Image], bytes], str]] = {
    "text": ("note.png", lambda _: b"this is no picture\n" * 40, "note.png.*not an image"),
    "truncated": ("half.jpg", lambda photo: png(photo, "JPEG")[:9000], "half.jpg.*damaged or incomplete"),
    "empty": ("empty.png", lambda _: b"", "empty"),
    "tiny": ("dot.png", lambda _: png(Image.new("RGB", (1, 1))), "dot.png.*too small"),
    "huge": ("huge.png", lambda _: png(Image.new("1", (20_000, 20_000))), "huge.png.*too large"),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_unusual_pictures_are_read_rightly(app: App, astronaut: Image.Image, kind: str):
    name, make = RIGHT[kind]
    app.upload(make(astronaut), name)
    app.analysed()
    expect(app.status).to_have_text("One face found.")
    size = app.picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size == ([400, 300] if kind in ("exif", "heic") else [400, 400])


@pytest.mark.parametrize("place", ["#drop button:has(input[type=file])", "body"], ids=["drop zone", "page"])
def test_a_phone_photo_whose_type_the_system_does_not_know_can_be_dropped(app: App, astronaut: Image.Image, place: str):
    drop = """(target, bytes) => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], 'IMG_0001.HEIC', { type: '' }));
        target.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: files }));
    }"""
    app.page.locator(place).evaluate(drop, list(phone(astronaut)))
    app.analysed()
    expect(app.status).to_have_text("One face found.")


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_picture_is_refused_in_one_sentence(app: App, astronaut: Image.Image, kind: str):
    name, make, sentence = WRONG[kind]
    app.upload(make(astronaut), name)
    expect(app.error).to_have_text(re.compile(sentence))
    expect(app.page.locator("#results")).to_be_hidden()
    app.upload(png(astronaut), "good.png")  # and the page goes on working
    app.analysed()
    expect(app.error).to_have_count(0)


def test_a_file_that_is_too_large_is_named(app: App):
    app.upload(b"\x89PNG" + bytes(30_000_000), "large.png")
    expect(app.page.get_by_text(re.compile("maximum.*size", re.IGNORECASE)).first).to_be_visible()


def test_only_the_upload_itself_is_written_to_disk(app: App, astronaut: Image.Image, uploads: Path):
    """And it goes by Gradio's clock, see ``shell.memory``; pictures on the page are part of the page."""
    before = files_in(uploads)
    app.upload(png(astronaut.crop((10, 0, 400, 390))), "mine.png")
    app.analysed()
    assert {path.name for path in files_in(uploads) - before} == {"mine.png"}
