"""The Benchmark tab's sections below its matrices, in a real browser: their charts, in the dark and on a phone."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from benchmark_tab import CHECKPOINTS, FIRST, NAMES, chart, choose, opened, plot, predictions
from conftest import ROOT
from driver import App
from PIL import Image
from playwright.sync_api import Download, expect

from fer_explain.benchmark.disturbances import SUITE

SECTIONS = (
    "Classes",
    "Confidence",
    "Robustness",
    "Cost",
    "Training",
    "Alignment and gates",
    "Really better?",
    "Claims",
)


def section(app: App, name: str) -> None:
    app.page.locator("#bench-sections").get_by_role("tab", name=name, exact=True).click()


def kept(app: App, key: str, kind: str) -> Download:
    with app.page.expect_download() as download:
        chart(app, key).get_by_role("button", name=re.compile(f": {kind}$")).click()
    return download.value


def test_charts_can_be_kept(app: App, tmp_path: Path):
    key = f"confusion-{FIRST}"
    plot(opened(app), key)
    known = predictions()
    with kept(app, key, "CSV").path().open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["true / predicted", *NAMES]
    counts = np.array([row[1:] for row in rows], int)
    np.testing.assert_array_equal(counts, pd.crosstab(known.true, known.said).reindex(columns=range(7), fill_value=0))
    picture = kept(app, key, "PNG")
    assert picture.suggested_filename == f"{key}.png"
    assert min(Image.open(picture.path()).size) > 400
    assert "Surprise" in kept(app, key, "SVG").path().read_text(encoding="utf-8")


@pytest.mark.parametrize("app", [{"color_scheme": "dark"}], indirect=True)
def test_every_section_is_readable_in_the_dark(app: App):
    opened(app)
    assert contrast(app, "#bench-confusion-charts .xtick text") > 3
    for name in SECTIONS:
        section(app, name)
        drawing = app.page.locator(".fer-charts:visible .js-plotly-plot .main-svg").first
        expect(drawing).to_be_visible()
        assert contrast(app, ".fer-charts .js-plotly-plot .ytick text") > 3, name


def contrast(app: App, selector: str) -> float:
    """WCAG's contrast of the first visible text's colour and the card behind it."""
    colors = app.page.locator(f"{selector}:visible").first.evaluate(
        """(text) => {
          let box = text;
          while (box && ['rgba(0, 0, 0, 0)', 'transparent'].includes(getComputedStyle(box).backgroundColor))
            box = box.parentElement;
          return [getComputedStyle(text).fill, getComputedStyle(box).backgroundColor];
        }"""
    )
    light = sorted(luminance(color) for color in colors)
    return (light[1] + 0.05) / (light[0] + 0.05)


def luminance(color: str) -> float:
    channels = np.array([float(part) for part in re.findall(r"[\d.]+", color)[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("app", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_nothing_sticks_out_on_a_phone(app: App):
    app.open_tab("Benchmark")
    for name in ("Confusions", "Claims", "Really better?", "Confidence"):
        section(app, name)
        charts = app.page.locator(".fer-charts:visible")
        expect(charts.locator(".fer-chart").first).to_be_visible()
        charts.locator(".fer-chart [role=img]").first.scroll_into_view_if_needed()
        expect(charts.locator(".main-svg").first).to_be_visible()
        assert app.width_of_content() <= 390, name


def test_two_networks_are_tested_against_each_other(app: App):
    opened(app)
    second = CHECKPOINTS[1]
    app.page.get_by_label("Add the ensemble").check()
    section(app, "Really better?")
    pair = chart(app, f"pair-{FIRST}-{second}")
    expect(pair).to_contain_text(re.compile(r"All images: .*[+-]\d+\.\d points, 95 % interval [+-]\d.* n = 3,589"))
    expect(pair).to_contain_text(re.compile(r"Without duplicates: .* n = 2,\d\d\d"))
    expect(pair.locator("tr").filter(has_text="Disgust")).to_have_count(1)
    expect(chart(app, "significance").locator("summary")).to_have_text("Numbers")
    choose(app, "bench-other", "ensemble")
    expect(chart(app, f"pair-{FIRST}-ensemble")).to_contain_text("points")


def test_claims_can_be_asked_of_one_paper(app: App):
    opened(app)
    section(app, "Claims")
    expect(chart(app, "claims").locator("tr").filter(has_text="EmoNeXt-XLarge")).to_have_count(1)
    expect(chart(app, "published-steps")).to_contain_text(re.compile(r"\d+ of \d+ steps"))
    choose(app, "bench-paper", "Swin-SE-ResNet")
    expect(chart(app, "claims").locator("tr").filter(has_text="EmoNeXt-XLarge")).to_have_count(0)
    expect(chart(app, "claims").locator("tr").filter(has_text="Swin-SE-ResNet").first).to_be_visible()


@pytest.mark.parametrize("app", [{"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_explanations_say_how_often_a_map_holds(app: App):
    """The best cell of each network says what the first trial of its file does, read here without the app's code."""
    app.open_tab("Benchmark")
    section(app, "Explanations")
    table = chart(app, "explanations-hold").locator("table")
    expect(table.locator("th").last).to_have_text(CHECKPOINTS[-1])
    columns = table.locator("th").all_inner_texts()
    for file in (ROOT / "checkpoints").glob("*/explanations.json"):
        best = json.loads(file.read_text())["trials"][0]
        low, high = round(100 * best["low"]), round(100 * best["high"])
        told = f"★ {best['holds'] * best['n']:.0f} of {best['n']} ({low} to {high} %)"
        cells = table.locator(f"td:nth-child({columns.index(file.parent.name) + 1})")
        expect(cells.filter(has_text="★")).to_have_text([told])
    expect(table.locator("tr").filter(has_text="Grad-CAM").first).to_contain_text(re.compile(r"\d+ % \(\d+ to \d+\)"))
    assert app.width_of_content() <= app.page.viewport_size["width"]
    found = Axe().run(app.page, options={"resultTypes": ["violations"]}).response["violations"]
    assert not [(one["id"], one["nodes"]) for one in found if one["impact"] in ("serious", "critical")]


def test_the_speed_is_measured_when_asked(app: App):
    opened(app)
    section(app, "Cost")
    expect(chart(app, "cost-parameters")).to_be_visible()
    expect(chart(app, "cost-latency")).to_have_count(0)
    app.page.locator("#bench-measure").click()
    expect(plot(app, "cost-latency")).to_be_visible()


def test_without_a_network_the_tab_says_what_to_do(app: App):
    opened(app)
    for box in app.page.locator("#bench-models input:checked").all()[::-1]:
        box.uncheck()
    expect(app.page.locator("#bench-status .fer-error")).to_contain_text("Choose at least one checkpoint")
    expect(app.page.locator("#bench-confusion-charts .fer-chart")).to_have_count(0)


def test_robustness_shows_what_each_disturbance_does(app: App):
    opened(app)
    section(app, "Robustness")
    drawing = plot(app, "robustness-accuracy")
    expect(drawing.locator(".xtick text")).to_have_count(len(SUITE) + 1)
    pictures = app.page.locator("#bench-pictures figure")
    expect(pictures).to_have_count(len(SUITE) + 1)
    strong = pictures.nth(1).locator("img").get_attribute("src")
    app.page.locator("#bench-strength").get_by_text("mild", exact=True).click()
    expect(pictures.nth(1).locator("img")).not_to_have_attribute("src", strong or "")
    expect(pictures.first).to_contain_text("As it is")
    expect(chart(app, "robustness-accuracy")).to_contain_text("1,000 faces of validation")
