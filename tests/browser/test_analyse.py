"""From a photo to an explained expression, in a real browser."""

import re

import numpy as np
import pytest
from conftest import watched
from driver import App, png
from PIL import Image
from playwright.sync_api import Browser, Route, expect


@pytest.fixture(scope="session")
def two_faces(astronaut: Image.Image) -> bytes:
    """The astronaut twice: a large face on the left and a smaller one on the right."""
    face = astronaut.crop((100, 10, 252, 200))
    photo = Image.new("RGB", (620, 420), "#8090a0")
    photo.paste(face.resize((320, 400)), (10, 10))
    photo.paste(face.resize((200, 250)), (390, 120))
    return png(photo)


def test_a_photo_is_found_read_and_explained(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    expect(app.status).to_have_text("One face found.")
    expect(app.bars).to_be_visible()
    shares = [float(dd.get_attribute("title").removesuffix(" %")) for dd in app.bars.locator("dd").all()]
    assert sum(shares) == pytest.approx(100, abs=0.1)
    assert shares == sorted(shares, reverse=True)
    expect(app.stn.locator("dt")).to_have_text(["Turn", "Zoom", "Shear", "Shift"])
    expect(app.gate).to_contain_text("Strongest channels")
    expect(app.channels).to_be_visible()
    expect(app.page.locator("#drop img")).to_have_count(0)  # the drop zone is free for the next photo


def test_what_was_found_is_not_hidden_by_late_answers_to_the_opening_of_the_page(
    browser: Browser, address: str, astronaut: Image.Image
):
    """An app that has just been started answers them seconds later, maybe after a photo."""
    asked: list[Route] = []
    with watched(browser) as page:
        app = App(page)
        page.route("**/gradio_api/run/**", lambda route: asked.append(route))
        page.goto(address)
        expect(app.status).to_have_text("Waiting for a photo.")
        app.upload(png(astronaut))
        app.analysed()
        assert asked
        for route in asked:
            route.continue_()
        page.unroute("**/gradio_api/run/**")
        app.ready()
        expect(app.status).to_have_text("One face found.")
        expect(page.locator("#preview")).to_be_hidden()


def test_the_second_of_two_faces_can_be_chosen(app: App, two_faces: bytes):
    app.upload(two_faces)
    app.analysed()
    expect(app.faces).to_have_count(2)
    expect(app.faces.first).to_have_attribute("aria-pressed", "true")
    crop = app.stn.locator("img").first
    before, near = crop.get_attribute("src"), app.heat.get_attribute("data-near")
    app.faces.nth(1).click()
    expect(app.status).to_contain_text("showing number 2")
    expect(app.faces.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(crop).not_to_have_attribute("src", before)
    expect(app.heat).not_to_have_attribute("data-near", near)


def test_a_face_can_be_chosen_with_the_keyboard_and_by_number(app: App, two_faces: bytes):
    app.upload(two_faces)
    app.analysed()
    app.faces.nth(1).focus()
    app.page.keyboard.press("Enter")
    expect(app.status).to_contain_text("showing number 2")
    app.radio("faces", "Face 1").click()
    expect(app.status).to_contain_text("showing number 1")
    expect(app.faces.first).to_have_attribute("aria-pressed", "true")


def test_another_target_class_changes_the_map_and_nothing_else(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    label = app.label.inner_text()
    told = app.stn.inner_text()
    other = "Fear" if label.startswith("Angry") else "Angry"
    before = app.map.get_attribute("href")
    app.radio("target", other).click()
    expect(app.page.locator("#heat figcaption")).to_contain_text(f"“{other}”")
    expect(app.map).not_to_have_attribute("href", before)
    assert app.label.inner_text() == label
    assert app.stn.inner_text() == told


def test_another_explanation_changes_the_map(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    before = app.map.get_attribute("href")
    app.page.locator("#method input").click()
    app.page.get_by_role("option", name="EigenCAM").click()
    expect(app.page.locator("#heat figcaption")).to_contain_text("EigenCAM")
    expect(app.map).not_to_have_attribute("href", before)


def test_the_bars_can_keep_their_order(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    app.radio("order", "Always the same").click()
    expect(app.bars.locator("dt")).to_have_text(["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"])


def test_another_layer_changes_the_gates(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    layer = app.page.locator("#layer select")
    expect(layer).to_be_visible()
    before = app.gate.inner_text()
    layer.select_option(index=0)
    expect(app.gate).not_to_have_text(before)


def test_the_opacity_of_the_map_follows_its_slider_without_the_server(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    app.page.locator("#opacity input[type=number]").fill("0")
    app.page.keyboard.press("Tab")
    expect(app.map).to_have_css("opacity", "0")


def test_the_map_can_be_seen_on_the_whole_photo(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    expect(app.heat).to_have_attribute("viewBox", app.heat.get_attribute("data-near"))
    app.page.locator("#heat .fer-zoom").click()
    expect(app.heat).to_have_attribute("viewBox", "0 0 400 400")


def test_no_face_is_named_and_can_be_overridden(app: App):
    app.upload(png(Image.linear_gradient("L").resize((300, 200)).convert("RGB")))
    expect(app.error).to_have_text("No face was found in this photo.")
    expect(app.page.locator("#results")).to_be_hidden()
    app.page.get_by_role("button", name="Use the whole image").click()
    app.analysed()
    expect(app.status).to_have_text("The whole image is taken for one face.")


@pytest.mark.parametrize("number", [0, 4])
def test_an_example_is_one_click(app: App, number: int):
    app.page.locator("#examples button").nth(number).click()
    app.analysed()
    expect(app.status).to_have_text("One face found.")


def test_a_photo_can_be_pasted(app: App, astronaut: Image.Image):
    app.page.evaluate(
        """async (bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], 'pasted.png', { type: 'image/png' }));
            document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
        }""",
        list(png(astronaut.crop((60, 0, 300, 240)))),
    )
    app.analysed()
    expect(app.status).to_have_text("One face found.")


@pytest.mark.parametrize("app", [{"permissions": ["camera"]}], indirect=True)
def test_a_photo_can_be_taken(app: App):
    app.page.get_by_role("button", name="Capture from camera").click()
    app.page.get_by_text("Click to Access Webcam").click()
    app.page.get_by_role("button", name="capture photo").click()
    app.analysed()
    expect(app.status).to_have_text("One face found.")


def test_a_trained_network_is_listed_with_what_was_measured(app: App):
    expect(app.page.locator("#model input")).to_have_value(re.compile(r"\d+\.\d % .*test.*, n = [\d,]+"))


def test_an_untrained_network_is_called_that(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    expect(app.page.locator(".fer-untrained")).to_have_count(0)
    app.page.locator("#model input").click()
    app.page.get_by_role("option", name=re.compile("^untrained")).click()
    expect(app.page.locator(".fer-untrained")).to_be_visible()
    expect(app.page.locator("#model input")).to_have_value(re.compile("^untrained"))


def test_the_map_is_saved_as_a_picture_of_photo_and_map(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    app.page.locator("#heat .fer-zoom").click()  # the whole photo
    with app.page.expect_download() as download:
        app.page.locator("#heat .fer-save").click()
    saved = Image.open(download.value.path())
    assert (saved.format, saved.size) == ("PNG", (1024, 1024))
    small = np.asarray(saved.convert("RGB").resize(astronaut.size), dtype=float)
    apart = np.abs(small - np.asarray(astronaut, dtype=float)).mean(axis=2)
    assert apart[-40:].mean() < 12, "below the face it is the photo"
    assert np.sort(apart, axis=None)[-2000:].mean() > 60, "on the face lies the map"
