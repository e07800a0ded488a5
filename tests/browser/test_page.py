"""The page around the results: themes, widths, languages, tabs."""

import pytest
from driver import App, png
from PIL import Image
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 390, "height": 844}}
ZOOMED = {"viewport": {"width": 720, "height": 500}, "device_scale_factor": 2}  # 1440 pixels at 200 %


def brightness(app: App, selector: str, what: str) -> float:
    return float(
        app.page.evaluate(
            """([selector, what]) => {
                const color = getComputedStyle(document.querySelector(selector))[what];
                const [red, green, blue] = color.match(/[\\d.]+/g).map(Number);
                return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
            }""",
            [selector, what],
        )
    )


@pytest.mark.parametrize(
    "app", [{"color_scheme": "dark"}, {"color_scheme": "light"}], indirect=True, ids=["dark", "light"]
)
def test_text_stands_out_in_both_themes_and_the_switch_swaps_them(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    dark = brightness(app, ".fer-card", "backgroundColor") < 0.5
    for selector, what in ((".fer-label", "color"), (".fer-hint", "color"), ("#bars dt", "color")):
        assert abs(brightness(app, selector, what) - (0.0 if dark else 1.0)) > 0.45, selector
    app.page.get_by_role("button", name="Switch between light and dark").click()
    assert (brightness(app, ".fer-card", "backgroundColor") < 0.5) != dark


@pytest.mark.parametrize("app", [PHONE, ZOOMED], indirect=True, ids=["phone", "zoomed"])
def test_nothing_is_cut_off_on_a_narrow_page(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    width = app.page.viewport_size["width"]
    assert app.width_of_content() <= width
    for tab in ("Live", "About"):
        app.open_tab(tab)
        assert app.width_of_content() <= width


@pytest.mark.parametrize(
    ("app", "drop", "found"),
    [
        ({"locale": "fr-FR"}, "Déposez", "visage"),
        ({"locale": "vi-VN"}, "ảnh", "khuôn mặt"),
        ({"locale": "zh-CN"}, "照片", "人脸"),
    ],
    indirect=["app"],
)
def test_the_page_speaks_the_language_of_the_browser(app: App, astronaut: Image.Image, drop: str, found: str):
    expect(app.page.locator("#drop")).to_contain_text(drop)
    app.upload(png(astronaut))
    app.analysed()
    expect(app.status).to_contain_text(found)


def test_about_says_what_must_be_said(app: App):
    app.open_tab("About")
    principles = app.page.locator("#principles")
    expect(principles).to_contain_text("An expression is not a feeling")
    expect(principles).to_contain_text("Article 5(1)(f)")
    expect(principles).to_contain_text("temporary folder")
    expect(app.page.locator("#versions")).to_contain_text("torch")
    expect(app.page.locator("#card")).not_to_be_empty()


def test_a_checkpoint_that_cannot_be_used_is_named_and_not_offered(app: App):
    app.page.locator("#model input").click()
    expect(app.page.get_by_role("option").filter(has_text="broken")).to_have_count(0)
    app.page.keyboard.press("Escape")
    app.open_tab("About")
    expect(app.page.locator("#versions")).to_contain_text("config.json is missing")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(app: App):
    reached = set()
    for _ in range(40):
        app.page.keyboard.press("Tab")
        part, outline = app.page.evaluate(
            """() => {
                const active = document.activeElement;
                const part = ['model', 'drop', 'examples', 'tabs'].find(id => active.closest('#' + id));
                return [part, active.matches('button') ? getComputedStyle(active).outlineStyle : 'solid'];
            }"""
        )
        assert outline != "none"
        reached.add(part)
    assert {"model", "drop", "examples", "tabs"} <= reached


def test_every_picture_has_an_alternative_text(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    assert app.page.locator("main img:not([alt])").count() == 0
    expect(app.picture).to_have_attribute("alt", "The photo; faces marked: 1")
    expect(app.heat).to_have_attribute("role", "img")


@pytest.mark.parametrize("app", [{"viewport": {"width": 1440, "height": 900}}], indirect=True)
def test_answer_photo_map_and_alignment_are_on_the_first_screen_under_one_row(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    expect(app.page.locator("#stability summary")).to_be_visible()  # the last to come above the map
    for name in ("#verdict .fer-label", "#bars", "#picker img", "#heat .fer-heat > svg", "#stn img >> nth=1"):
        box = app.page.locator(name).bounding_box()
        assert box is not None, name
        assert box["y"] + box["height"] <= 900, name
    row = (".fer-name", "#tabs [role=tab] >> nth=0", "#model input")
    middles = [(box["y"] + box["height"] / 2) for box in (app.page.locator(name).bounding_box() for name in row) if box]
    assert max(middles) - min(middles) < 12
    assert max(middles) < 60


@pytest.mark.parametrize("app", [PHONE], indirect=True, ids=["phone"])
def test_a_phone_need_not_scroll_for_ever(app: App, astronaut: Image.Image):
    app.upload(png(astronaut))
    app.analysed()
    expect(app.page.locator("#receipt-line .fer-receipt[data-ok]")).to_have_count(1)
    assert app.page.evaluate("document.documentElement.scrollHeight") < 6000
