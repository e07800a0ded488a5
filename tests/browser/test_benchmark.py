"""The Benchmark tab in a real browser: all embedded checkpoints, and a data set whose faces are their drawn row ids."""

import base64
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, running
from driver import App, png
from PIL import Image
from playwright.sync_api import Download, Locator, expect

from fer_explain.benchmark.disturbances import SUITE
from fer_explain.emotions import LABELS
from fer_explain.hub.folder import list_checkpoints

NAMES = [label.capitalize() for label in LABELS]
FEAR, SAD = LABELS.index("fear"), LABELS.index("sad")
PAGE = 24
SECONDS = 15  # for the first paint: a slow machine may need many times the second that the tab is made for
VOTES = [0, 0, 0, 7, 2, 0, 1, 0, 0, 0]  # of FER+: sad 7, angry 2, fear 1
CHECKPOINTS = list_checkpoints()
FIRST = CHECKPOINTS[0]
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


@dataclass
class Predictions:
    """What a checkpoint's file says, read without any code of the app's."""

    rows: np.ndarray
    true: np.ndarray
    said: np.ndarray
    loss: np.ndarray
    leaked: np.ndarray


def predictions(name: str = FIRST) -> Predictions:
    folder = ROOT / "checkpoints" / name
    table = pd.read_parquet(folder / "predictions" / "test.parquet")
    temperature = pd.read_json(folder / "config.json", typ="series")["temperature"]
    logits = table[[f"logit_{k}" for k in range(7)]].to_numpy(float) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = table["label"].to_numpy()
    loss = -np.log(probabilities[np.arange(len(true)), true])
    return Predictions(
        table["row"].to_numpy(), true, probabilities.argmax(axis=1), loss, table["leaked"].to_numpy() > 0
    )


def drawn(row: int) -> Image.Image:
    """A gray picture of the size of FER2013's with 16 fields, each white where the row's number has that bit."""
    bits = (row >> np.arange(16)) & 1
    fields = np.where(bits, 215, 40).reshape(4, 4).astype(np.uint8)
    return Image.fromarray(np.kron(fields, np.ones((12, 12), np.uint8)))


def row_of(source: str) -> int:
    """The row whose picture a data address holds."""
    data = base64.b64decode(source.partition("base64,")[2])
    gray = np.asarray(Image.open(io.BytesIO(data)).convert("L").resize((48, 48)))
    bits = gray.reshape(4, 12, 4, 12).mean(axis=(1, 3)).ravel() > 128
    return int((bits << np.arange(16)).sum())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of the benchmark's rows, laid out as a Hub data set."""
    known = predictions()
    folder = tmp_path_factory.mktemp("data")
    table = {
        "image": [{"bytes": png(drawn(int(row)))} for row in known.rows],
        "label": known.true,
        "row": known.rows,
        "ferplus_votes": [VOTES] * len(known.rows),
    }
    pd.DataFrame(table).to_parquet(folder / "test-00000-of-00001.parquet")
    return folder


@pytest.fixture(scope="module")
def address(data: Path, uploads: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with the embedded checkpoints and the drawn faces."""
    with running(["--data", str(data)], uploads, tmp_path_factory.mktemp("log") / "app.txt") as address:
        yield address


def opened(app: App) -> App:
    app.open_tab("Benchmark")
    expect(app.page.locator("#bench-status")).to_contain_text("images")
    expect(plot(app, f"confusion-{FIRST}").locator(".xtick text")).to_have_count(7)
    return app


def chart(app: App, key: str) -> Locator:
    return app.page.locator(f'.fer-chart[data-chart="{key}"]')


def plot(app: App, key: str) -> Locator:
    """A drawn chart; it is only drawn near the window."""
    chart(app, key).scroll_into_view_if_needed()
    drawing = chart(app, key).locator(".js-plotly-plot")
    expect(drawing.locator(".main-svg").first).to_be_visible()
    return drawing


def section(app: App, name: str) -> None:
    app.page.locator("#bench-sections").get_by_role("tab", name=name, exact=True).click()


def click_cell(app: App, key: str, true: int, said: int) -> None:
    """Clicks the middle of a cell of a confusion matrix."""
    drawing = plot(app, key)
    expect(drawing).to_have_class(re.compile("fer-clickable"))
    drawing.locator(".nsewdrag").scroll_into_view_if_needed()
    place = drawing.evaluate(
        """(plot, [x, y]) => {
          const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
          return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)];
        }""",
        [NAMES[said], NAMES[true]],
    )
    app.page.mouse.click(*place)


def found(app: App, faces: int) -> None:
    expect(app.page.locator("#bench-found")).to_contain_text(f"{faces:,} faces")
    expect(app.page.locator("#bench-gallery li")).to_have_count(min(faces, PAGE))


def shown(app: App) -> list[int]:
    """The rows of the gallery as their pictures tell them, which must be those that their texts tell."""
    pictures = app.page.locator("#bench-gallery li img")
    rows = [row_of(source) for source in pictures.evaluate_all("all => all.map(one => one.src)")]
    told = app.page.locator("#bench-gallery li").evaluate_all("all => all.map(one => Number(one.dataset.row))")
    assert rows == told
    return rows


def choose(app: App, box: str, name: str) -> None:
    app.page.locator(f"#{box} input").click()
    app.page.get_by_role("option", name=name, exact=True).click()


def kept(app: App, key: str, kind: str) -> Download:
    with app.page.expect_download() as download:
        chart(app, key).get_by_role("button", name=re.compile(f": {kind}$")).click()
    return download.value


def worst(known: Predictions, keep: np.ndarray) -> list[int]:
    """The rows that are kept, the largest loss first."""
    order = np.argsort(-known.loss[keep], kind="stable")
    return known.rows[keep][order].tolist()


def test_the_first_matrix_stands_soon_with_ten_checkpoints_or_more(app: App):
    app.page.wait_for_function("window.Plotly")  # it is read while nobody waits
    spent = app.page.evaluate(
        """() => new Promise((done) => {
          const began = performance.now();
          const look = () => document.querySelector('#bench-confusion-charts .xtick text')
            ? done((performance.now() - began) / 1000) : requestAnimationFrame(look);
          document.querySelector('button[data-tab-id="benchmark"]').click();
          look();
        })"""
    )
    assert len(CHECKPOINTS) >= 10
    expect(app.page.locator("#bench-models input:checked")).to_have_count(len(CHECKPOINTS))
    expect(app.page.locator("#bench-confusion-charts .fer-chart")).to_have_count(len(CHECKPOINTS) + 1)  # a difference
    assert spent < SECONDS


def test_a_cell_shows_the_very_faces(app: App):
    known = predictions()
    cell = (known.true == FEAR) & (known.said == SAD)
    click_cell(opened(app), f"confusion-{FIRST}", FEAR, SAD)
    found(app, int(cell.sum()))
    assert shown(app) == worst(known, cell)[:PAGE]
    face = app.page.locator("#bench-gallery li").first
    expect(face.locator("b").first).to_have_text("Fear")
    expect(face.locator("dl > div")).to_have_count(len(CHECKPOINTS))
    expect(face.locator("dl > div").first).to_contain_text(re.compile(rf"{FIRST}\s*Sad \d+ % \(Fear (< )?\d+ %\)"))
    expect(face).to_contain_text("FER+: Sad 7, Angry 2, Fear 1")
    doubles = [row for row in shown(app) if known.leaked[known.rows == row].all()]
    badges = app.page.locator("#bench-gallery li").filter(has_text="near-duplicate in training")
    assert badges.evaluate_all("all => all.map(one => Number(one.dataset.row))") == doubles
    face.get_by_text("All probabilities").click()
    expect(face.locator("details td").nth(1)).to_have_text(re.compile(r"\d %"))


def test_a_cell_of_a_difference_shows_faces_of_one_model_only(app: App):
    opened(app)
    second = CHECKPOINTS[1]
    click_cell(app, f"difference-{FIRST}-{second}", FEAR, SAD)
    one, other = predictions(FIRST), predictions(second)
    fear = one.true == FEAR
    found(app, int((fear & ((one.said == SAD) ^ (other.said == SAD))).sum()))


def test_pages_turn(app: App):
    known = predictions()
    rows = worst(known, (known.true == SAD) & (known.said == SAD))
    click_cell(opened(app), f"confusion-{FIRST}", SAD, SAD)
    found(app, len(rows))
    back, on = (app.page.locator(f"#bench-{name}") for name in ("back", "on"))
    expect(back).to_be_disabled()
    on.click()
    expect(app.page.locator("#bench-found")).to_contain_text("page 2 of")
    expect(app.page.locator("#bench-gallery li").first).to_have_attribute("data-row", str(rows[PAGE]))
    assert shown(app) == rows[PAGE : 2 * PAGE]
    back.click()
    expect(app.page.locator("#bench-found")).to_contain_text("page 1 of")
    expect(app.page.locator("#bench-gallery li").first).to_have_attribute("data-row", str(rows[0]))


def test_filters_narrow_the_faces(app: App):
    known = predictions()
    fear, wrong = known.true == FEAR, known.said != known.true
    opened(app)
    choose(app, "bench-true", "Fear")
    found(app, int(fear.sum()))
    choose(app, "bench-outcome", "wrong")
    found(app, int((fear & wrong).sum()))
    choose(app, "bench-duplicates", "only such")
    found(app, int((fear & wrong & known.leaked).sum()))
    choose(app, "bench-order", "the lowest row")
    first = known.rows[fear & wrong & known.leaked].min()
    expect(app.page.locator("#bench-gallery li").first).to_have_attribute("data-row", str(first))
    app.page.get_by_label(re.compile("fewer than half")).check()  # all votes are for sad
    found(app, int((fear & wrong & known.leaked).sum()))
    choose(app, "bench-true", "Sad")
    found(app, 0)


def test_a_face_opens_in_analyse_and_in_compare(app: App):
    known = predictions()
    cell = (known.true == FEAR) & (known.said == SAD)
    first, second = worst(known, cell)[:2]
    click_cell(opened(app), f"confusion-{FIRST}", FEAR, SAD)
    found(app, int(cell.sum()))
    app.page.get_by_role("button", name=f"Analyse row {first} (Fear)").click()
    expect(app.picture).to_be_visible()
    app.analysed()
    before = app.picture.get_attribute("src") or ""
    assert row_of(before) == first
    expect(app.page.locator("#verdict .fer-set summary")).to_have_text(
        re.compile(r"^At the 90 % level: \w+( or \w+)*$")
    )
    app.open_tab("Benchmark")
    app.page.get_by_role("button", name=f"Compare the networks on row {second}").click()
    columns = app.page.locator("#compare-columns section")
    expect(columns.first.locator(".fer-map")).to_be_visible()
    seen = columns.first.locator(".fer-heat image").first.get_attribute("href") or ""
    assert row_of(seen) == second
    app.open_tab("Analyse")
    expect(app.picture).not_to_have_attribute("src", before)
    app.analysed()
    assert row_of(app.picture.get_attribute("src") or "") == second


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
