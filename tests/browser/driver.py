"""The page as a person sees it: what the tests do and look at, by role, name or panel."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect

expect.set_options(timeout=120_000)  # a busy machine is slow, not broken


def png(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


class App:
    """The open page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.status = page.locator("#status")
        self.error = page.locator("#status .fer-error")
        self.label = page.locator("#verdict .fer-label")
        self.picture = page.locator("#picker .fer-photo img")
        self.faces = page.locator("#picker .fer-face")
        self.bars = page.locator("#bars .fer-bars")
        self.heat = page.locator("#heat .fer-heat > svg")
        self.map = page.locator("#heat .fer-map")
        self.stn = page.locator("#stn")
        self.gate = page.locator("#gate")
        self.channels = page.locator("#channels .js-plotly-plot")

    def ready(self) -> App:
        """Waits until the page can be used."""
        expect(self.page.locator("#examples button").first).to_be_visible()
        return self

    def upload(self, content: bytes | Path, name: str = "photo.png") -> None:
        """Gives the drop zone a file, as a click on it and a choice would, and not while it shows the file before."""
        if isinstance(content, Path):
            name, content = content.name, content.read_bytes()
        files = {"name": name, "mimeType": "image/png", "buffer": content}
        expect(self.page.locator("#drop button:has(input[type=file])")).to_be_visible()
        self.page.locator("#drop input[type=file]").set_input_files(files)

    def analysed(self) -> App:
        """Waits until a face is explained."""
        expect(self.label).to_have_text(re.compile(r"\S+ (< )?\d+ %"))
        expect(self.map).to_have_count(1)
        expect(self.bars.locator("dd")).to_have_count(7)
        return self

    def note(self, selector: str) -> None:
        """From now on the page itself notes whether this was ever there: it may be over before it is looked for."""
        self.page.evaluate(
            """selector => new MutationObserver(() => {
                if (document.querySelector(selector)) document.body.dataset.noted = selector;
            }).observe(document.body, {childList: true, subtree: true})""",
            selector,
        )

    def noted(self, selector: str) -> None:
        """Waits until it was there, be it only for a moment."""
        expect(self.page.locator("body")).to_have_attribute("data-noted", selector)

    def radio(self, panel: str, name: str) -> Locator:
        """One choice of a group of radio buttons."""
        return self.page.locator(f"#{panel}").get_by_text(name, exact=True)

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def width_of_content(self) -> int:
        """How wide the page is, in CSS pixels: more than the window means that it scrolls sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))
