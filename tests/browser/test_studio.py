"""The STN studio in a real browser: the window is changed, prediction and map follow, and reset restores both."""

import re

import pytest
from driver import App
from playwright.sync_api import Locator, expect


@pytest.fixture
def studio(app: App) -> Locator:
    """The opened studio of the first example."""
    return opened(app)


def opened(app: App) -> Locator:
    app.page.locator("#examples button").first.click()
    app.analysed()
    app.page.locator("#studio > button").click()
    studio = app.page.locator("#studio")
    expect(studio.locator("#studio-stage svg")).to_be_visible()
    return studio


def turn(studio: Locator, value: str) -> None:
    field = studio.locator("#studio-rotation input[type=number]")
    field.fill(value)
    field.press("Tab")


def verdict(studio: Locator) -> Locator:
    return studio.locator("#studio-bars .fer-change-verdict")


def test_a_slider_changes_prediction_window_and_map_and_reset_restores_them(studio: Locator):
    heat, window = studio.locator("#studio-stage .fer-map"), studio.locator("#studio-stage polygon")
    own = verdict(studio).inner_text(), heat.get_attribute("href"), window.get_attribute("points")
    value = studio.locator("#studio-rotation input[type=number]").input_value()
    turn(studio, "120")
    expect(verdict(studio)).not_to_have_text(own[0])
    expect(heat).not_to_have_attribute("href", own[1])
    expect(window).not_to_have_attribute("points", own[2])
    studio.get_by_role("button", name="Reset").click()
    expect(verdict(studio)).to_have_text(own[0])
    expect(heat).to_have_attribute("href", own[1])
    expect(window).to_have_attribute("points", own[2])
    expect(studio.locator("#studio-rotation input[type=number]")).to_have_value(value)


def test_identity_is_the_whole_crop(studio: Locator):
    turn(studio, "45")
    studio.get_by_role("button", name="Identity").click()
    expect(studio.locator("#studio-stage polygon")).to_have_attribute(
        "points", re.compile(r"^-1\.0000,-1\.0000 1\.0000,-1\.0000 1\.0000,1\.0000 -1\.0000,1\.0000$")
    )
    expect(studio.locator("#studio-rotation input[type=number]")).to_have_value("0")
    expect(studio.locator("#studio-width input[type=number]")).to_have_value("1")


def test_the_last_value_wins_when_a_slider_runs_ahead(studio: Locator):
    slider = studio.locator("#studio-rotation input[type=range]")
    slider.focus()
    for _ in range(40):
        slider.press("ArrowRight")
    value = float(slider.input_value())
    expect(studio.locator("#studio-stage svg")).to_have_attribute(
        "data-pose", re.compile(rf'"rotation": ({value:.1f}|{value - 0.001:.3f}|{value:.4f})')
    )


def test_the_window_can_be_dragged_on_the_photo(studio: Locator):
    page, handle = studio.page, studio.locator("#studio-stage .fer-turn")
    heat, aligned = studio.locator("#studio-stage .fer-map"), studio.locator("#studio-stage img")
    own = heat.get_attribute("href"), aligned.get_attribute("src")
    handle.hover()  # waits until the page stands still
    box = middle(handle)
    page.mouse.down()
    page.mouse.move(box[0] + 60, box[1] + 30, steps=4)
    page.mouse.move(box[0] + 100, box[1] + 90, steps=4)
    page.mouse.up()
    expect(heat).not_to_have_attribute("href", own[0])
    expect(aligned).not_to_have_attribute("src", own[1])
    turned = studio.locator("#studio-rotation input[type=number]")
    page.wait_for_function("node => Number(node.value) > 45", arg=turned.element_handle())
    expect(studio.locator("#studio-stage svg")).to_have_attribute("data-pose", re.compile(r'"rotation": [4-9]\d\.'))


def test_what_arrives_above_does_not_move_the_studio(app: App):
    app.page.evaluate(
        """() => {
            window.heights = {};
            new MutationObserver(() => {
                for (const [state, mark] of [['working', '.fer-working'], ['done', '.fer-receipt[data-ok]']])
                    if (document.querySelector('#receipt-line ' + mark))
                        heights[state] = document.getElementById('receipt').getBoundingClientRect().height;
            }).observe(document.body, {childList: true, subtree: true});
        }"""
    )
    app.page.locator("#examples button").first.click()
    app.page.wait_for_function("window.heights.done")
    heights = app.page.evaluate("window.heights")
    assert heights["working"] == pytest.approx(heights["done"], abs=2)


def middle(handle: Locator) -> tuple[float, float]:
    box = handle.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_usual_windows_can_be_read_by_class(studio: Locator):
    usual = studio.page.locator("#studio-spread .js-plotly-plot")
    expect(usual.locator(".ytick text")).not_to_have_count(0)
    studio.get_by_text("zoom, ×", exact=True).click()
    expect(usual.locator(".xtitle")).to_have_text("zoom, ×")


def test_another_face_starts_with_its_own_window(app: App, studio: Locator):
    turn(studio, "90")
    expect(studio.locator("#studio-stage svg")).to_have_attribute("data-pose", re.compile(r'"rotation": (90|89\.99)'))
    image = studio.locator("#studio-stage svg > image").first.get_attribute("href")
    app.page.locator("#examples button").nth(4).click()
    expect(studio.locator("#studio-stage svg > image").first).not_to_have_attribute("href", image)
    expect(studio.locator("#studio-stage svg")).not_to_have_attribute(
        "data-pose", re.compile(r'"rotation": (90|89\.99)')
    )


def test_a_network_without_a_spatial_transformer_says_so(app: App):
    app.page.locator("#examples button").first.click()
    app.analysed()
    app.page.locator("#model input").click()
    app.page.get_by_role("option", name=re.compile(r"^vgg_compact( |$)")).click()
    app.page.locator("#studio > button").click()
    expect(app.page.locator("#studio-note")).to_have_text(
        "This network has no spatial transformer: it sees the face as it was cut out."
    )
    expect(app.page.locator("#studio-stage")).to_be_hidden()


@pytest.mark.parametrize("app", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_it_fits_a_phone(app: App):
    opened(app)
    assert app.width_of_content() <= 390
