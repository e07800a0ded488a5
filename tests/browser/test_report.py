"""A report is saved with one click, and opens from the disk without a network."""

import json
import re
import stat
from pathlib import Path

from driver import App
from playwright.sync_api import Browser, Request, expect

from tests.files import files_in


def explained(app: App) -> str:
    """The label of the first example, once it is there."""
    app.page.locator("#examples button").first.click()
    app.analysed()
    return app.label.inner_text()


def test_one_click_saves_a_report_that_needs_no_network(app: App, browser: Browser, uploads: Path, tmp_path: Path):
    label = explained(app)
    with app.page.expect_download(timeout=180_000) as arriving:
        app.page.locator("#make-report").click()
    saved = tmp_path / "report.html"
    assert re.fullmatch(r"fer-explain-\d{8}-\d{6}\.html", arriving.value.suggested_filename)
    arriving.value.save_as(saved)
    expect(app.page.locator("#report-note")).to_contain_text("Ready after")
    with app.page.expect_download() as arriving:
        app.page.locator("#report-json").click()
    numbers = tmp_path / "report.json"
    arriving.value.save_as(numbers)

    [face] = json.loads(numbers.read_text())["faces"]
    assert face["label"].capitalize() == label.split()[0]
    assert len(face["explanations"][0]["receipt"]["checks"]) >= 4
    # What lies on the server are just these two files, in a folder nobody can guess; shell.uploads takes them.
    reports = [path for path in files_in(uploads) if path.name.startswith("fer-explain-")]
    assert sorted(path.suffix for path in reports) == [".html", ".json"]
    assert all(stat.S_ISREG(path.stat().st_mode) for path in reports)
    opens_alone(browser, saved, face["label"])


def opens_alone(browser: Browser, path: Path, label: str) -> None:
    """Opens a report from the disk, offline, and fails on any request, error or missing figure."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", offline=True)
    page = context.new_page()
    troubles: list[str] = []

    def on_request(request: Request) -> None:
        if not request.url.startswith(("data:", path.as_uri())):
            troubles.append(request.url[:200])

    page.on("request", on_request)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text(label)
    figures = page.locator(".js-plotly-plot .main-svg:first-child")
    expect(figures.first).to_be_visible()
    assert page.locator(".plotly-graph-div").count() == page.locator(".plotly-graph-div.js-plotly-plot").count() >= 5
    broken = "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"
    assert page.evaluate(broken) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert not troubles, troubles


def test_a_new_face_takes_the_old_report_away(app: App):
    explained(app)
    app.page.locator("#make-report").click()
    expect(app.page.locator("#report-html")).to_be_visible(timeout=180_000)
    before = app.picture.get_attribute("src")
    app.page.locator("#examples button").nth(1).click()
    expect(app.picture).not_to_have_attribute("src", before)
    expect(app.page.locator("#report-html")).to_be_hidden()
