"""The parts of the face on the Analyse tab, in a real browser."""

import re

import pytest
from driver import App
from playwright.sync_api import expect

PARTS = ["brows", "eyes", "nose", "mouth", "cheeks", "hair", "background"]


def try_an_example(app: App) -> None:
    app.page.locator("#examples button").first.click()
    app.analysed()


def test_the_parts_of_an_example_are_audited(app: App):
    try_an_example(app)
    app.page.locator("#regions-more > button").click()
    bars = app.page.locator("#region-bars .js-plotly-plot")
    expect(bars.locator(".ytick text")).to_have_count(7)
    assert sorted(text.strip() for text in bars.locator(".ytick text").all_text_contents()) == sorted(PARTS)
    expect(bars.locator(".bars .point")).to_have_count(21)  # area, relevance and effect
    expect(app.page.locator("#region-parts text")).to_have_text(PARTS)
    sentence = app.page.locator("#region-sentence")
    expect(sentence).to_contain_text(re.compile(r"\d+ % of what speaks for “\w+” lies here: \w+"))
    expect(sentence).to_contain_text(re.compile("Hiding (the parts|any one part)"))


def test_another_class_is_audited_anew(app: App):
    try_an_example(app)
    sentence = app.page.locator("#region-sentence")
    expect(sentence).to_contain_text("Hiding")
    other = "Sad" if "Sad" not in app.label.inner_text() else "Happy"
    app.radio("target", other).click()
    expect(sentence).to_contain_text(f"“{other}”")


@pytest.mark.parametrize(
    "context_options",
    [{"viewport": {"width": 390, "height": 844}, "locale": "fr-FR", "color_scheme": "dark"}],
)
def test_it_fits_a_phone_and_speaks_french(app: App):
    app.page.locator("#examples button").first.click()
    expect(app.page.locator("#region-sentence")).to_contain_text("de ce qui parle pour")
    app.page.locator("#regions-more > button").click()
    expect(app.page.locator("#region-bars .ytick text", has_text="sourcils")).to_have_count(1)
    assert app.width_of_content() <= 390
