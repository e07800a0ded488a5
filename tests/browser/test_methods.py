"""Explanations and their settings on the page: controls made from what each declares, progress, and a way to stop."""

import re

import pytest
from driver import App, png
from PIL import Image
from playwright.sync_api import Locator, expect


@pytest.fixture
def explained(app: App, astronaut: Image.Image) -> App:
    app.upload(png(astronaut))
    app.analysed()
    expect(app.status).to_have_text("One face found.")
    return app


def choose(app: App, title: str) -> None:
    app.page.locator("#method input").click()
    app.page.get_by_role("option", name=title, exact=True).click()


def caption(app: App) -> Locator:
    return app.page.locator("#heat figcaption")


def settings(app: App) -> Locator:
    """The settings, unfolded."""
    fold = app.page.locator("#settings details")
    expect(fold).to_have_count(1)
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    return fold


def test_every_explanation_can_be_chosen_and_is_described(explained: App):
    about = explained.page.locator("#settings p.fer-small")
    for title in ("Region ablation", "Saliency", "Finer-CAM"):
        before = about.inner_text()
        choose(explained, title)
        expect(caption(explained)).to_contain_text(title)
        expect(about).not_to_have_text(before)
    explained.page.locator("#method input").click()
    assert explained.page.get_by_role("listbox").get_by_role("option").count() >= 12


def test_a_layer_can_be_chosen_and_only_the_map_changes(explained: App):
    bars, map_before = explained.bars.inner_html(), explained.map.get_attribute("href")
    layer = settings(explained).get_by_label("Layer")
    choices = layer.locator("option")
    assert choices.count() > 4
    layer.select_option(index=3)
    expect(explained.map).not_to_have_attribute("href", map_before)
    assert explained.bars.inner_html() == bars
    expect(settings(explained)).to_be_visible()


def test_settings_can_be_changed_with_the_keyboard_and_are_kept(explained: App):
    choose(explained, "Occlusion")
    expect(caption(explained)).to_contain_text("Occlusion")
    square = settings(explained).get_by_label("Square")
    before = explained.map.get_attribute("href")
    square.focus()
    for _ in range(4):
        explained.page.keyboard.press("ArrowRight")
    expect(settings(explained).locator("output").first).to_have_text("0.4")
    filling = settings(explained).locator("select[data-setting=baseline]")
    filling.select_option(index=1)
    filled = filling.input_value()
    expect(explained.map).not_to_have_attribute("href", before)
    choose(explained, "Grad-CAM")
    expect(caption(explained)).to_contain_text("Grad-CAM")
    choose(explained, "Occlusion")
    expect(settings(explained).get_by_label("Square")).to_have_value("0.4")
    expect(settings(explained).locator("select[data-setting=baseline]")).to_have_value(filled)
    expect(caption(explained)).to_contain_text("Occlusion")


def slow(app: App) -> Locator:
    """The progress of an explanation that takes long."""
    choose(app, "Integrated Gradients")
    expect(caption(app)).to_contain_text("Integrated Gradients")
    steps = settings(app).get_by_label("Steps").element_handle()
    app.page.evaluate("node => { node.value = 256; node.dispatchEvent(new Event('change', {bubbles: true})) }", steps)
    bar = app.page.locator("#progress progress")
    expect(bar).to_be_visible()
    return bar


def test_the_newest_of_several_questions_is_answered_at_once(explained: App):
    bar = slow(explained)
    choose(explained, "EigenCAM")
    explained.radio("target", "Surprise").click()
    explained.radio("target", "Sad").click()
    expect(caption(explained)).to_contain_text("EigenCAM for “Sad”")
    expect(bar).to_have_count(0)
    expect(explained.page.locator("#settings p.fer-small")).to_contain_text("needs no gradient")
    expect(explained.page.locator("#receipt-line .fer-receipt[data-ok]")).to_be_visible()
    expect(caption(explained)).to_contain_text("EigenCAM for “Sad”")


def test_two_emotions_are_told_apart(explained: App):
    choose(explained, "Finer-CAM")
    expect(caption(explained)).to_contain_text("Finer-CAM")
    before = explained.map.get_attribute("href")
    label = explained.label.inner_text()
    own = re.match(r"\w+", label).group()
    others = settings(explained).get_by_role("checkbox").and_(explained.page.locator("input:not(:checked)"))
    rest = [box for box in others.all() if box.locator("xpath=..").inner_text().strip() != own]
    rest[0].check()  # not the strongest other one, which is compared with from the start
    expect(explained.map).not_to_have_attribute("href", before)
    settings(explained).get_by_role("checkbox", name=own).check()
    expect(explained.error).to_contain_text("told apart")
    settings(explained).get_by_role("checkbox", name=own).uncheck()
    expect(explained.status).to_have_text("One face found.")


def test_a_signed_map_says_for_and_against_and_every_map_its_raw_scale(explained: App):
    expect(caption(explained)).to_contain_text(re.compile(r"nothing.*most.*largest value \d"))
    choose(explained, "Region ablation")
    expect(caption(explained)).to_contain_text(re.compile(r"against.*for.*largest value \d"))


def test_a_slow_explanation_shows_its_progress_and_can_be_stopped(explained: App):
    bar = slow(explained)
    expect(bar).to_have_attribute("aria-label", re.compile(r"Integrated Gradients: [1-9]\d? %"))
    before = explained.map.get_attribute("href")
    explained.page.get_by_role("button", name="Stop", exact=True).click()
    expect(bar).to_have_count(0)
    expect(explained.page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    choose(explained, "Grad-CAM")
    expect(caption(explained)).to_contain_text("Grad-CAM")
    expect(explained.map).not_to_have_attribute("href", before)


@pytest.mark.parametrize("app", [{"locale": "fr-FR"}], indirect=True)
def test_settings_speak_the_readers_language(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    expect(app.page.locator("#settings summary")).to_contain_text("réglages")
    app.page.locator("#settings summary").click()
    expect(app.page.locator("#settings").get_by_label("Couche")).to_be_visible()
