"""The line about small changes of the visitor's photo, in a real browser."""

import re

from driver import App, png
from PIL import Image
from playwright.sync_api import expect
from test_uploads import phone

from fer_explain.faces.drawn import draw_face


def test_a_phone_photo_is_weighed_under_small_changes_and_shows_them(app: App, astronaut: Image.Image):
    app.upload(phone(astronaut), "IMG_0001.HEIC")
    app.analysed()
    expect(app.page.locator("#stability [data-warning]")).to_have_count(0)
    line = app.page.locator("#stability summary")
    expect(line).to_have_text(re.compile(r"^\d+ of 10 small changes of this photo leave the answer as it is\.$"))
    pictures = app.page.locator("#stability figure")
    expect(pictures.first).to_be_hidden()
    line.click()
    expect(pictures).to_have_count(10)
    expect(pictures.first).to_be_visible()
    kept = int(line.text_content().split(" of ")[0])
    assert app.page.locator("#stability figure[data-kept=true]").count() == kept
    answer = app.page.locator("#verdict .fer-label").text_content().split()[0]
    for place in range(10):
        same = answer in pictures.nth(place).text_content()
        assert same == (pictures.nth(place).get_attribute("data-kept") == "true")
    app.upload(png(Image.fromarray(draw_face("happy", size=16).pixels)))
    expect(app.page.locator('#stability [data-warning="small"]')).to_have_text(re.compile("face is small"))
