"""The About tab: training curves and the model card, in both themes and on a phone."""

import pytest
from driver import App
from playwright.sync_api import expect

from fer_explain.hub.folder import DEFAULT, EMBEDDED
from fer_explain.hub.history import read_history

PHONE = {"viewport": {"width": 390, "height": 844}}
# How much lighter or darker than its card the darkest or lightest text of the curves is, 0..1.
CONTRAST = """() => {
    const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number); return (0.299*r + 0.587*g + 0.114*b) / 255; };
    const card = document.querySelector('#history').closest('.fer-card');
    const back = light(getComputedStyle(card).backgroundColor);
    return Math.min(...[...document.querySelectorAll('#history .xtick text, #history .annotation text')]
        .map(text => Math.abs(light(getComputedStyle(text).fill) - back)));
}"""  # noqa: E501
HIDDEN = """table => {
    const edge = table.getBoundingClientRect().right + 1;
    return [...table.querySelectorAll('th')].filter(cell => cell.getBoundingClientRect().right > edge).length;
}"""


@pytest.mark.parametrize(
    "app", [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE], indirect=True, ids=["light", "dark", "phone"]
)
def test_the_training_curves_are_drawn_and_readable(app: App):
    app.open_tab("About")
    history = read_history(EMBEDDED / DEFAULT)
    assert history is not None
    curves = app.page.locator("#history .js-plotly-plot")
    expect(curves.locator(".scatterlayer .trace")).to_have_count(3)
    expect(curves.locator(".scatterlayer .trace").first.locator(".point")).to_have_count(len(history.epochs))
    best = f"{100 * history.validation_accuracy[history.kept]:.1f} %"
    expect(curves.locator(".annotation")).to_have_text(f"kept: {best}")
    expect(app.page.locator("#history-told")).to_contain_text(best)
    assert app.page.evaluate(CONTRAST) > 0.4
    box, card = curves.bounding_box(), app.page.locator("#history").bounding_box()
    assert box["width"] <= card["width"] + 1


def test_the_whole_confusion_table_is_visible_on_a_wide_page(app: App):
    app.open_tab("About")
    table = app.page.locator("#card .fer-frame", has_text="said neutral")
    expect(table).to_be_visible()
    assert table.evaluate(HIDDEN) == 0


@pytest.mark.parametrize("app", [PHONE], indirect=True, ids=["phone"])
def test_on_a_phone_the_confusion_table_scrolls_to_its_last_column(app: App):
    app.open_tab("About")
    table = app.page.locator("#card .fer-frame", has_text="said neutral")
    expect(table).to_be_visible()
    assert table.evaluate(HIDDEN) > 0
    table.press("ArrowRight")
    app.page.wait_for_function("frame => frame.scrollLeft > 0", arg=table.element_handle())
    table.evaluate("table => table.scrollTo(table.scrollWidth, 0)")
    assert table.evaluate(HIDDEN) == 0
    assert app.width_of_content() <= 390
    errors = app.page.locator("#errors table")
    assert errors.evaluate("table => table.getBoundingClientRect().right") <= 390
    assert errors.evaluate(HIDDEN) == 0


def test_the_training_options_unfold(app: App):
    app.open_tab("About")
    row = app.page.locator("#card td", has_text="config.batch_size")
    expect(row).to_be_hidden()
    app.page.locator("#card summary").click()
    expect(row).to_be_visible()
