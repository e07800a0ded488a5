"""The Benchmark tab where nobody has given a data set."""

from benchmark_tab import FEAR, FIRST, SAD, click_cell, opened, predictions
from driver import App
from playwright.sync_api import expect


def test_a_cell_gives_the_rows_and_how_to_supply_the_faces(app: App):
    known = predictions()
    rows = known.rows[(known.true == FEAR) & (known.said == SAD)]
    click_cell(opened(app), f"confusion-{FIRST}", FEAR, SAD)
    expect(app.page.locator("#bench-found")).to_contain_text(f"{len(rows):,} faces")
    note = app.page.locator("#bench-gallery .fer-note")
    expect(note).to_contain_text("--data")
    expect(note).to_contain_text("FER_EXPLAIN_DATA")
    app.page.locator("#bench-gallery .fer-rows summary").click()
    told = app.page.locator("#bench-gallery .fer-rows code").inner_text().split()
    assert sorted(map(int, told)) == sorted(rows.tolist())
    expect(app.page.locator("#bench-gallery img")).to_have_count(0)
