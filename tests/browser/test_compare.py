"""The Compare tab in a real browser."""

import json
import re
import shutil
from pathlib import Path

import pytest
from driver import App, png
from PIL import Image
from playwright.sync_api import Locator, expect

from fer_explain.hub.folder import DEFAULT, EMBEDDED, EXPLANATIONS


def column(app: App, number: int) -> Locator:
    return app.page.locator("#compare-columns section").nth(number)


def chosen(app: App) -> Locator:
    """The models that are ticked: not every checkpoint is, at the start."""
    ticked = app.page.locator("#compare-models input[type=checkbox]:checked")
    expect(ticked).not_to_have_count(0)
    return ticked


def compared(app: App, models: int) -> App:
    expect(app.page.locator("#compare-columns .fer-bars")).to_have_count(models)
    expect(app.page.locator("#compare-columns .fer-map")).to_have_count(models)
    return app


def test_an_example_goes_through_every_chosen_model(app: App):
    app.open_tab("Compare")
    models = chosen(app).count()
    app.page.locator("#compare-examples button").first.click()
    compared(app, models)
    expect(app.page.locator("#compare-status")).to_have_text(re.compile(r"networks"))
    for number in range(models):
        expect(column(app, number).locator(".fer-label")).to_have_text(re.compile(r"\S+ (< )?\d+ %"))
        expect(column(app, number).locator(".fer-readout")).to_contain_text("Parameters")
    if models > 1:
        expect(app.page.locator("#compare-correlation .js-plotly-plot")).to_be_visible()


def test_a_model_taken_out_and_put_back_is_not_computed_again(app: App):
    app.open_tab("Compare")
    models = chosen(app).count()
    box = app.page.locator("#compare-models input[type=checkbox]").nth(models - 1)
    app.page.locator("#compare-examples button").nth(1).click()
    compared(app, models)
    times = [column(app, number).locator(".fer-readout dd").last.inner_text() for number in range(models)]
    box.click()
    compared(app, models - 1)
    box.click()
    compared(app, models)
    again = [column(app, number).locator(".fer-readout dd").last.inner_text() for number in range(models)]
    assert sorted(again) == sorted(times)


def test_the_newest_of_several_clicks_wins(app: App):
    app.open_tab("Compare")
    examples, models = app.page.locator("#compare-examples button"), chosen(app).count()
    face = column(app, 0).locator("img").first
    examples.nth(4).click()
    compared(app, models)
    wanted = face.get_attribute("src")
    assert wanted
    examples.nth(0).click()
    expect(face).not_to_have_attribute("src", wanted)
    for number in (1, 2, 3, 4):
        examples.nth(number).click()
    expect(face).to_have_attribute("src", wanted)
    compared(app, models)
    app.page.wait_for_timeout(1500)  # nothing older comes in later
    expect(face).to_have_attribute("src", wanted)


def test_the_face_of_the_analyse_tab_comes_along(app: App):
    app.page.locator("#examples button").first.click()
    app.analysed()
    answer = app.label.inner_text().split()[0]
    app.open_tab("Compare")
    compared(app, chosen(app).count())
    expect(column(app, 0).locator(".fer-label")).to_contain_text(answer)


def test_a_photo_without_a_face_says_so(app: App):
    app.open_tab("Compare")
    files = {"name": "gray.png", "mimeType": "image/png", "buffer": png(Image.new("RGB", (300, 200), "gray"))}
    app.page.locator("#compare-drop input[type=file]").set_input_files(files)
    expect(app.page.locator("#compare-status .fer-error")).to_contain_text("No face was found")
    expect(app.page.locator("#compare-columns section")).to_have_count(0)


def test_a_checkpoint_added_in_the_picker_can_be_compared(app: App, checkpoints: list[str], tmp_path: Path):
    source = next(Path(ref) for ref in checkpoints[1:] if (Path(ref) / "config.json").is_file())
    shutil.copytree(source, tmp_path / "brought")
    app.page.get_by_role("button", name="Add a model").click()
    box = app.page.locator("#add-model textarea, #add-model input").first
    box.fill(str(tmp_path / "nowhere"))
    box.press("Enter")
    expect(app.page.locator("#added .fer-error")).to_contain_text("There is no checkpoint")
    box.fill(str(tmp_path / "brought"))
    box.press("Enter")
    expect(app.page.locator("#added")).to_contain_text("brought was added")
    app.open_tab("Compare")
    expect(app.page.locator("#compare-models")).to_contain_text("brought")


@pytest.mark.parametrize("app", [{}, {"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_every_network_can_show_its_tested_map(app: App):
    best = json.loads((EMBEDDED / DEFAULT / EXPLANATIONS).read_text())["trials"][0]
    app.open_tab("Compare")
    models = chosen(app).count()
    app.page.locator("#compare-examples button").first.click()
    compared(app, models)
    before = column(app, 0).locator(".fer-map").get_attribute("href")
    app.page.locator("#compare-method input").click()
    app.page.get_by_role("option", name="Tested map of each network", exact=True).click()
    mine = app.page.locator("#compare-columns section").filter(has_text=DEFAULT)
    expect(mine.locator("figcaption").first).to_contain_text(f"held on {best['holds'] * best['n']:.0f} of {best['n']}")
    told = app.page.locator("#compare-columns figcaption").filter(has_text=re.compile("held|Not measured"))
    expect(told).to_have_count(models)
    expect(app.page.locator("#compare-stop")).to_be_hidden()
    compared(app, models)
    assert column(app, 0).locator(".fer-map").get_attribute("href") != before
    assert app.width_of_content() <= app.page.viewport_size["width"]


def test_tested_maps_can_be_stopped(app: App):
    app.open_tab("Compare")
    models = chosen(app).count()
    app.page.locator("#compare-method input").click()
    app.page.get_by_role("option", name="Tested map of each network", exact=True).click()
    app.page.locator("#compare-examples button").first.click()
    app.page.locator("#compare-stop").click()
    expect(app.page.locator("#compare-status")).to_contain_text("Stopped")
    expect(app.page.locator("#compare-stop")).to_be_hidden()
    compared(app, models)
    app.page.wait_for_timeout(1500)  # nothing comes in later
    expect(app.page.locator("#compare-status")).to_contain_text("Stopped")
