"""Scrolled down, the photo stays in view and a table of contents leads to every card."""

from __future__ import annotations

from driver import App
from playwright.sync_api import expect


def test_photo_stays_and_contents_lead_to_each_card(app: App):
    app.page.set_viewport_size({"width": 1440, "height": 900})
    app.page.locator("#examples button").first.click()
    app.analysed()
    links = app.page.locator("#contents nav button")
    expect(links).to_have_count(0)
    app.page.mouse.move(1000, 500)
    app.page.mouse.wheel(0, 900)
    expect(links.filter(has_text="Gate lab")).to_be_visible()
    expect(app.page.locator(".fer-side").first).to_be_in_viewport(ratio=0.9)
    titles = app.page.locator("#results .fer-card:visible h2").all_text_contents()
    names = links.all_text_contents()
    assert set(names) <= {*titles, "STN studio", "Gate lab"}
    assert len(names) == len(titles) + 1  # "How it turned the face" stands beside "Where it looked"
    for name in ("Gate lab", "Keep it", "What it reads"):
        links.filter(has_text=name).click()
        card = app.page.locator("#results .fer-card").filter(has_text=name).last
        expect(card).to_be_in_viewport()
    expect(links.first).to_be_hidden()


def test_beside_a_low_window_the_photo_column_scrolls_and_nothing_is_cut_off_at_its_side(app: App):
    app.page.set_viewport_size({"width": 1440, "height": 600})
    app.page.locator("#examples button").first.click()
    app.analysed()
    side = app.page.locator(".fer-side").first
    assert side.evaluate("side => side.scrollHeight > side.clientHeight"), "the window is too high to show anything"
    assert side.evaluate("side => side.scrollWidth <= side.clientWidth")
