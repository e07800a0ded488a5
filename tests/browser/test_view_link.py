"""The address restores the view, in a real browser."""

import re
from urllib.parse import parse_qs, urlsplit

from conftest import watched
from driver import App, png
from PIL import Image
from playwright.sync_api import Browser, expect


def test_what_one_chooses_stands_in_the_address_and_comes_back_from_it(
    app: App, browser: Browser, context_options: dict[str, object], astronaut: Image.Image
):
    app.upload(png(astronaut))
    app.analysed()
    app.page.locator("#method input").click()
    app.page.get_by_role("option", name="HiResCAM").click()
    app.radio("target", "Sad").click()
    expect(app.heat).to_have_attribute("aria-label", re.compile("Sad"))
    app.open_tab("About")
    expect(app.page).to_have_url(re.compile("tab=about"))
    assert parse_qs(urlsplit(app.page.url).query) == {"method": ["hirescam"], "target": ["sad"], "tab": ["about"]}

    with watched(browser, **context_options) as page:
        page.goto(app.page.url)
        expect(page.get_by_role("tab", name="About")).to_have_attribute("aria-selected", "true")
        again = App(page)
        again.open_tab("Analyse")
        expect(page.locator("#method input")).to_have_value("HiResCAM")
        expect(again.picture).to_have_count(0)  # the photo is no part of it
        again.upload(png(astronaut))
        again.analysed()
        expect(page.locator("#heat")).to_contain_text("HiResCAM")
        expect(again.heat).to_have_attribute("aria-label", re.compile("Sad"))


def test_a_model_is_restored_and_nonsense_is_passed_over(
    address: str, browser: Browser, context_options: dict[str, object], astronaut: Image.Image
):
    with watched(browser, **context_options) as page:
        page.goto(f"{address}?model=emonext_nano&method=nonsense&target=nobody&tab=%22%5D")
        app = App(page).ready()
        expect(page.locator("#model input")).to_have_value(re.compile("^emonext_nano"))
        app.upload(png(astronaut))
        app.analysed()
        expect(page.locator("#verdict")).to_contain_text("emonext_nano")
        expect(page.locator("#heat")).to_contain_text("Grad-CAM")
