"""The receipt below the map: it comes by itself, can be stopped, and marks a broken explanation in red."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import running, watched
from driver import App
from playwright.sync_api import Browser, Locator, expect

# The app with one more explanation, whose map is Grad-CAM's with its pixels shuffled.
BROKEN = '''
from dataclasses import dataclass, replace
import numpy as np
from fer_explain.explain.gradcam import GradCam
from fer_explain.explain.registry import list_methods, register

list_methods()

@register
@dataclass(frozen=True)
class Shuffled(GradCam):
    """Broken on purpose."""

    name = "shuffled"
    title = "Shuffled"
    description = "Grad-CAM with its pixels shuffled."

    def _attribute(self, case):
        told = super()._attribute(case)
        rng = np.random.default_rng(0)
        maps = [replace(one, values=rng.permutation(one.values.ravel()).reshape(one.values.shape))
                for one in told.heatmaps]
        return replace(told, heatmaps=maps)

from fer_explain.ui.shell.options import parse
from fer_explain.ui.shell.server import serve

serve(parse())
'''

# Notes, at every picture that the browser paints, which map is shown and whether there is a verdict under it.
SEEN = """() => {
  window.seen = [];
  const look = () => {
    const map = document.querySelector('#heat .fer-map')?.getAttribute('href');
    const verdict = Boolean(document.querySelector('#receipt-line [data-ok]'));
    const last = seen.at(-1);
    if (map !== last?.map || verdict !== last?.verdict) seen.push({map, verdict});
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture
def broken_app(browser: Browser, checkpoints: list[str], tmp_path: Path) -> Iterator[App]:
    with (
        running(checkpoints, tmp_path, tmp_path / "app.txt", program=("-c", BROKEN)) as address,
        watched(browser) as page,
    ):
        page.goto(address)
        yield App(page).ready()


def line(app: App) -> Locator:
    return app.page.locator("#receipt-line")


def example(app: App, number: int) -> None:
    app.page.locator("#examples button").nth(number).click()


def test_a_receipt_appears_by_itself_and_shows_its_numbers(app: App):
    app.note("#receipt-line .fer-working")
    example(app, 0)
    app.noted("#receipt-line .fer-working")
    expect(line(app)).to_contain_text("Receipt: passed")
    expect(line(app)).to_contain_text("of 5 checks")
    app.page.get_by_role("button", name="More: the checks and their numbers").click()
    rows = app.page.locator("#receipt-table tbody tr")
    expect(rows).to_have_count(5)
    for name in ("deletion", "insertion", "road"):
        expect(app.page.locator(f"#receipt-{name} .js-plotly-plot .main-svg").first).to_be_visible()
    passed = app.page.locator("#receipt-table tr[data-ok=true]").count()
    expect(line(app)).to_contain_text(f"passed {passed} of 5")
    expect(line(app).locator(".fer-receipt")).to_have_attribute("data-ok", "true" if passed == 5 else "false")


def test_the_test_can_be_stopped_and_asked_for_again(app: App):
    example(app, 2)
    # As soon as the button is there: the test is over in a few seconds.
    app.page.wait_for_function(
        "() => { const stop = document.getElementById('receipt-stop'); return stop?.offsetParent && !stop.click(); }"
    )
    expect(line(app)).to_contain_text("The test was stopped")
    expect(app.page.locator("#receipt-stop")).to_be_hidden()
    app.page.get_by_role("button", name="Test this map").click()
    expect(line(app)).to_contain_text("Receipt: passed")
    expect(app.page.locator("#receipt-again")).to_be_hidden()


def test_a_verdict_never_stands_under_a_map_it_is_not_about(app: App):
    example(app, 3)
    expect(line(app)).to_contain_text("Receipt: passed")
    app.page.evaluate(SEEN)
    for number in (4, 0):  # the second one while the test of the first is under way
        before = app.map.get_attribute("href")
        example(app, number)
        expect(app.map).not_to_have_attribute("href", before)
    expect(line(app)).to_contain_text("Receipt: passed")
    expect(app.page.locator("#receipt-line .fer-working")).to_have_count(0)
    last = app.map.get_attribute("href")
    seen = app.page.evaluate("seen")
    assert [now["map"] for now in seen if now["verdict"]][-1] == last
    assert len({now["map"] for now in seen}) >= 3
    stale = [now for was, now in pairwise(seen) if now["map"] != was["map"] and now["verdict"]]
    assert not stale


def test_a_broken_explanation_gets_the_red_mark(broken_app: App):
    example(broken_app, 0)
    broken_app.analysed()
    broken_app.page.locator("#method input").click()
    broken_app.page.get_by_role("option", name="Shuffled").click()
    expect(broken_app.page.locator("#heat figcaption")).to_contain_text("Shuffled")
    expect(line(broken_app).locator(".fer-receipt")).to_have_attribute("data-ok", "false")
    expect(line(broken_app)).to_contain_text("Do not rely on this map.")
    mark = line(broken_app).locator(".fer-receipt > svg").evaluate("mark => getComputedStyle(mark).stroke")
    assert mark == "rgb(163, 52, 11)"
