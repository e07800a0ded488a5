"""The tested map beside Grad-CAM, in a real browser."""

import json
import re

import pytest
from driver import App, png
from PIL import Image
from playwright.sync_api import expect

from fer_explain.hub.folder import DEFAULT, EMBEDDED, EXPLANATIONS

MEASURED = json.loads((EMBEDDED / DEFAULT / EXPLANATIONS).read_text())


@pytest.mark.parametrize("app", [{"viewport": {"width": 1440, "height": 900}}], indirect=True)
def test_it_comes_beside_the_first_map_moves_nothing_and_is_one_click_away(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    page = app.page
    below = page.locator("#method")
    before = below.bounding_box()
    share, n = round(100 * MEASURED["trials"][0]["holds"]), MEASURED["trials"][0]["n"]
    expect(page.locator("#tested .fer-map")).to_have_count(1)
    expect(page.locator("#tested-line")).to_contain_text(f"on {share} % of faces (n = {n}); Grad-CAM on")
    first, second = app.heat.bounding_box(), page.locator("#tested .fer-heat > svg").bounding_box()
    assert first is not None
    assert second is not None
    assert (first["y"], first["width"]) == pytest.approx((second["y"], second["width"]), abs=2)
    assert first["x"] + first["width"] <= second["x"]
    verdicts = page.locator("#verdicts .fer-verdicts > p")
    expect(verdicts).to_have_text([re.compile(r"(Holds|Does not hold): \d of 5 checks")] * 2)
    expect(page.locator("#verdicts .fer-small")).to_contain_text("on this face", ignore_case=True)
    places = [one.bounding_box() or {} for one in verdicts.all()]
    assert [place["x"] for place in places] == pytest.approx([first["x"], second["x"]], abs=8), "each under its map"
    after = below.bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] == pytest.approx(before["y"], abs=2), "what is below the maps has moved"
    tested = page.locator("#tested .fer-map").get_attribute("href") or ""
    page.get_by_role("button", name="Use the tested map").click()
    expect(app.map).to_have_attribute("href", re.compile(re.escape(tested[:400])))
    expect(page.locator("#tested-line")).to_contain_text("This is the tested map.")
    expect(page.locator("#tested .fer-heat")).to_have_count(0)
    expect(page.locator("#method input")).to_have_value("Extremal perturbations")
    expect(page).to_have_url(re.compile("method=extremal_perturbation"))  # which the address then restores


@pytest.mark.parametrize("app", [{"viewport": {"width": 390, "height": 844}}], indirect=True, ids=["phone"])
def test_on_a_phone_there_is_one_map_and_a_switch(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    page = app.page
    first, second = page.locator("#heat .fer-heat"), page.locator("#tested .fer-heat")
    expect(page.locator("#tested .fer-map")).to_have_count(1)
    expect(first).to_be_visible()
    expect(second).to_be_hidden()
    app.radio("which", "The tested one").click()
    expect(second).to_be_visible()
    expect(first).to_be_hidden()
    first_verdict, second_verdict = (page.locator("#verdicts .fer-verdicts > p").nth(i) for i in (0, 1))
    expect(second_verdict).to_be_visible()
    expect(first_verdict).to_be_hidden()
    app.radio("which", "The chosen one").click()
    expect(first_verdict).to_be_visible()
    expect(second_verdict).to_be_hidden()
    app.radio("which", "The tested one").click()
    assert app.width_of_content() <= 390
    page.get_by_role("button", name="Use the tested map").click()
    expect(second).to_have_count(0)
    expect(first).to_be_visible()
