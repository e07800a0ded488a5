"""The live view, with a fake camera that plays a real face."""

import re

import pytest
from driver import App
from playwright.sync_api import expect

ALLOWED = {"permissions": ["camera"]}


def test_the_law_is_stated_before_the_camera_starts(app: App):
    app.open_tab("Live")
    expect(app.page.locator(".fer-law")).to_contain_text("banned (AI Act, Article 5(1)(f))")
    expect(app.page.locator(".fer-live-status")).to_contain_text("The camera is off.")
    expect(app.page.locator(".fer-stage")).to_be_hidden()


@pytest.mark.parametrize("app", [ALLOWED], indirect=True)
def test_the_face_in_the_camera_is_boxed_named_and_explained(app: App):
    app.open_tab("Live")
    app.page.get_by_role("button", name="Start the camera").click()
    box = app.page.locator(".fer-live-box")
    expect(box).to_have_count(1)
    expect(box).to_have_text(re.compile(r"^1\s+\w+ \d+ %$"))
    expect(app.page.locator(".fer-faces li .fer-bars p")).to_have_count(7)
    expect(app.page.locator(".fer-live-status")).to_contain_text("Faces in sight: 1")
    app.page.locator(".fer-live-heat").check()
    expect(app.page.locator(".fer-maps img")).to_have_count(1)
    expect(app.page.locator(".fer-rate")).to_contain_text("· Grad-CAM")  # a tested map of the default takes longer
    inside = box.bounding_box()
    stage = app.page.locator(".fer-stage").bounding_box()
    assert 0.3 < (inside["x"] + inside["width"] / 2 - stage["x"]) / stage["width"] < 0.75


@pytest.mark.parametrize("app", [ALLOWED], indirect=True)
def test_one_frame_is_under_way_at_a_time(app: App):
    """However slow the server is: the page asks again only after the answer."""
    under_way: list[int] = []
    most = 0

    def sent(request):
        nonlocal most
        if "component_server" in request.url:
            under_way.append(1)
            most = max(most, len(under_way))

    def answered(request):
        if "component_server" in request.url:
            under_way.pop()

    app.page.on("request", sent)
    app.page.on("requestfinished", answered)
    app.open_tab("Live")
    app.page.get_by_role("button", name="Start the camera").click()
    expect(app.page.locator(".fer-rate")).to_have_text(re.compile(r"[1-9][\d.]* frames"))
    assert most == 1


@pytest.mark.parametrize("app", [ALLOWED], indirect=True)
def test_the_camera_goes_off_with_its_tab_and_with_its_button(app: App):
    app.open_tab("Live")
    start, stop = (app.page.get_by_role("button", name=name) for name in ("Start the camera", "Stop"))
    start.click()
    expect(app.page.locator(".fer-live-box")).to_have_count(1)
    stop.click()
    expect(app.page.locator(".fer-live-status")).to_contain_text("The camera is off.")
    expect(app.page.locator(".fer-live-box")).to_have_count(0)
    start.click()
    expect(app.page.locator(".fer-live-box")).to_have_count(1)
    app.open_tab("About")
    app.page.wait_for_function("document.querySelector('#live video').srcObject === null")


def test_a_refused_camera_is_named(app: App):
    app.open_tab("Live")
    app.page.get_by_role("button", name="Start the camera").click()
    expect(app.page.locator(".fer-live-status")).to_contain_text("The browser refused the camera.")


def test_a_missing_camera_is_named(app: App):
    app.page.evaluate(
        """() => {
            navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('none', 'NotFoundError'); };
        }"""
    )
    app.open_tab("Live")
    app.page.get_by_role("button", name="Start the camera").click()
    expect(app.page.locator(".fer-live-status")).to_contain_text("No camera was found")
