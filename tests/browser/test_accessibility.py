"""Axe finds no serious fault of accessibility on any tab, in both themes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from driver import App
from playwright.sync_api import expect


@pytest.mark.parametrize(
    "app", [{"color_scheme": "dark"}, {"color_scheme": "light"}], indirect=True, ids=["dark", "light"]
)
def test_axe_finds_nothing_serious(app: App):
    app.page.locator("#examples button").first.click()
    app.analysed()
    expect(app.page.locator("#receipt-line .fer-receipt[data-ok]")).to_have_count(1)
    there = {
        "Analyse": "#region-sentence b",
        "Live": ".fer-start",
        "Compare": "#compare-columns section",
        "Benchmark": "#bench-confusion-charts .js-plotly-plot >> nth=0",
        "About": "#errors table",
    }
    for tab, sign in there.items():
        app.open_tab(tab)
        expect(app.page.locator(sign).first).to_be_visible()
        found = Axe().run(app.page, options={"resultTypes": ["violations"]}).response["violations"]
        assert not [(tab, one["id"], one["nodes"]) for one in found if one["impact"] in ("serious", "critical")]
