"""The gate lab in a real browser: channels are closed, probabilities move, a flipping set is found."""

import re

import pytest
from driver import App
from playwright.sync_api import Locator, expect


@pytest.fixture
def lab(app: App) -> Locator:
    """The opened lab of the first example."""
    app.page.locator("#examples button").first.click()
    app.analysed()
    app.page.locator("#lab > button").click()
    lab = app.page.locator("#lab")
    expect(bars(lab)).to_have_count(7)
    return lab


def bars(lab: Locator) -> Locator:
    return lab.locator("#lab-bars dd b")


def chosen(lab: Locator) -> Locator:
    return lab.locator("#lab-channels .token")


def shares(lab: Locator) -> str:
    return str(
        lab.locator("#lab-bars .fer-change").evaluate("node => [...node.children].map(row => row.style.cssText).join()")
    )


def choose_layer(lab: Locator, place: int) -> None:
    lab.locator("#lab-layer input").click()
    lab.page.locator("li[role=option]").nth(place).click()


def test_channels_knocked_out_move_the_bars_and_show_their_maps(lab: Locator):
    choose_layer(lab, 0)
    before = shares(lab)
    lab.get_by_role("button", name="Five strongest").click()
    expect(chosen(lab)).to_have_count(5)
    expect(lab.locator("#lab-maps figure")).to_have_count(5)
    assert shares(lab) != before
    knocked = shares(lab)
    lab.locator("#lab-action").get_by_text("boost", exact=True).click()
    expect(lab.locator("#lab-factor")).to_be_visible()
    lab.page.wait_for_function(
        """was => [...document.querySelector('#lab-bars .fer-change').children]
            .map(row => row.style.cssText).join() !== was""",
        arg=knocked,
    )
    lab.get_by_role("button", name="Choose none").click()
    expect(chosen(lab)).to_have_count(0)
    expect(lab.locator("#lab-maps .fer-note")).to_be_visible()
    assert shares(lab) == before


def test_a_click_right_after_another_layer_is_not_lost(lab: Locator):
    """The question about the layer is held back here, as a busy machine does."""
    lab.page.evaluate(
        """() => {
            const fetch = window.fetch;
            window.fetch = async (...question) => {
                window.fetch = fetch;
                await new Promise(done => setTimeout(done, 2000));
                const answer = await fetch(...question);
                setTimeout(() => {window.drawn = true}, 1000);
                return answer;
            };
        }"""
    )
    choose_layer(lab, 0)
    lab.get_by_role("button", name="Five strongest").click()
    lab.page.wait_for_function("window.drawn")
    expect(lab.locator("#lab-maps figure")).to_have_count(5)
    expect(chosen(lab)).to_have_count(5)


def test_a_channel_can_be_chosen_by_number_with_the_keyboard(lab: Locator):
    field = lab.locator("#lab-channels input")
    field.focus()
    field.fill("#3 ")
    field.press("ArrowDown")
    field.press("Enter")
    expect(chosen(lab)).to_have_text(re.compile(r"#3 · [01]\.\d{3}"))
    expect(lab.locator("#lab-maps figcaption b")).to_have_text("#3")


def test_a_flipping_set_is_found_and_flips(lab: Locator):
    lab.get_by_role("button", name="Find the smallest set").click()
    found = lab.locator("#lab-found .fer-found")
    expect(found).to_be_visible()
    if "No set" in found.inner_text():  # this gate decides nothing about this face
        expect(chosen(lab)).to_have_count(0)
        return
    count = int(re.search(r"these (\d+) channels|One channel", found.inner_text()).group(1) or 1)
    expect(chosen(lab)).to_have_count(count)
    expect(lab.locator("#lab-bars .fer-change-verdict")).to_have_text(re.compile(r"^Now "))


def test_a_search_can_be_stopped(lab: Locator):
    choose_layer(lab, 0)
    lab.get_by_role("button", name="Find the smallest set").click()
    stop = lab.get_by_role("button", name="Stop")
    stop.click()
    expect(lab.locator("#lab-found")).to_have_text("The search was stopped.")
    expect(stop).to_be_hidden()
    expect(chosen(lab)).to_have_count(0)


def test_another_face_starts_with_nothing_chosen(app: App, lab: Locator):
    lab.get_by_role("button", name="Five strongest").click()
    expect(lab.locator("#lab-maps figure")).to_have_count(5)
    app.page.locator("#examples button").nth(4).click()
    expect(chosen(lab)).to_have_count(0)
    expect(lab.locator("#lab-maps .fer-note")).to_be_visible()


def test_a_network_without_gates_says_so(app: App):
    app.page.locator("#examples button").first.click()
    app.analysed()
    app.page.locator("#model input").click()
    app.page.get_by_role("option", name=re.compile(r"^vgg_compact( |$)")).click()
    app.page.locator("#lab > button").click()
    expect(app.page.locator("#lab-note")).to_contain_text("has no channel gates")
    expect(app.page.locator("#lab-layer")).to_be_hidden()
