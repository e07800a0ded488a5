"""The page can be used before the networks can: it is there, says so, and answers as soon as it is able to."""

from pathlib import Path

import pytest
from conftest import running, watched
from driver import App, png
from PIL import Image
from playwright.sync_api import Browser, expect


@pytest.mark.parametrize("locale", ["en-US", "vi-VN"])
def test_examples_and_preview_are_there_before_the_networks_and_a_photo_is_answered(
    browser: Browser, uploads: Path, tmp_path: Path, astronaut: Image.Image, locale: str
):
    with running([], uploads, tmp_path / "app.txt") as address, watched(browser, locale=locale) as page:
        page.goto(address)
        app = App(page).ready()
        expect(page.locator("#warming")).to_be_visible()
        expect(page.locator("#examples button")).to_have_count(8)
        expect(page.locator("#preview h3")).to_have_count(4)
        expect(page.locator("#warming")).to_be_visible()  # all of this was there while the app still warmed up
        named = page.locator("#examples button").nth(4).get_attribute("aria-label")
        assert named == {"en-US": "Drawn face: Happy", "vi-VN": "Khuôn mặt vẽ: Vui vẻ"}[locale]
        app.upload(png(astronaut))
        app.analysed()
        expect(page.locator("#warming")).to_be_hidden()
