"""The Benchmark tab in a real browser: all embedded checkpoints, and a data set whose faces are their drawn row ids."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from benchmark_tab import (
    CHECKPOINTS,
    FEAR,
    FIRST,
    PAGE,
    SAD,
    choose,
    click_cell,
    drawn,
    found,
    opened,
    predictions,
    row_of,
    shown,
    worst,
)
from conftest import running
from driver import App, png
from playwright.sync_api import expect

SECONDS = 15  # for the first paint: a slow machine may need many times the second that the tab is made for
VOTES = [0, 0, 0, 7, 2, 0, 1, 0, 0, 0]  # of FER+: sad 7, angry 2, fear 1


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
