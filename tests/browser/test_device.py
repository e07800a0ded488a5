"""The switch "On this device": the whole pipeline in the visitor's browser, inside the app."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import watched
from driver import App, png
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, expect

from fer_explain.faces.drawn import draw_face
from fer_explain.hub.folder import DEFAULT

ALLOWED = {"permissions": ["camera"]}
FACE = {
    "name": "face.png",
    "mimeType": "image/png",
    "buffer": png(Image.fromarray(draw_face("happy", size=240, seed=1).pixels)),
}


def turn_on(app: App, view: str) -> FrameLocator:
    """The frame of the device's page."""
    if view == "live":
        app.open_tab("Live")
    app.page.locator(f"#device-{view}").get_by_label("On this device").check()
    return app.page.frame_locator(f"#device-{view} iframe")


def is_ready(frame: FrameLocator) -> None:
    expect(frame.locator("body")).to_have_attribute("data-ready", DEFAULT)


@contextmanager
def counted(app: App) -> Iterator[list[str]]:
    """All that the page, its frames and its workers ask for, data and blobs aside."""
    asked: list[str] = []
    app.page.context.on("request", lambda request: asked.append(request.url))
    yield asked


@pytest.mark.parametrize("app", [ALLOWED], indirect=True)
def test_no_frame_of_the_camera_leaves_the_page(app: App):
    app.page.wait_for_function("!document.querySelector('#warming.fer-warming')")
    with counted(app) as asked:
        frame = turn_on(app, "live")
        is_ready(frame)
        assert any(url.endswith("model.onnx") for url in asked), "the worker's requests are not seen"
        expect(app.page.locator("#live")).to_be_hidden()
        expect(app.page.locator("#device-live p")).to_contain_text("Nothing you show it leaves your device.")
        expect(frame.locator(".law")).to_contain_text("banned (AI Act, Article 5(1)(f))")
        frame.get_by_role("button", name="Start the camera").click()
        expect(frame.locator("#people li")).to_have_count(1)
        asked.clear()
        frame.get_by_label("Show where it looks").check()
        body = frame.locator("body")
        start = int(body.get_attribute("data-frames"))
        body.evaluate(
            """(body, end) => new Promise((done) => {
                const look = () => (Number(body.dataset.frames) >= end ? done() : setTimeout(look, 50));
                look();
            })""",
            start + 200,
        )
        assert not asked
    print("in the app, with map:", frame.locator("#rate").inner_text())
    app.open_tab("About")
    expect(frame.locator("#stage")).not_to_have_class("on")


def test_a_photo_is_explained_here_and_shown_to_the_server_only_when_asked(app: App):
    app.page.wait_for_function("!document.querySelector('#warming.fer-warming')")
    with counted(app) as asked:
        frame = turn_on(app, "photo")
        is_ready(frame)
        expect(app.page.locator("#drop")).to_be_hidden()
        expect(app.page.locator("#empty")).to_be_hidden()
        asked.clear()
        frame.locator("#file").set_input_files(FACE)
        expect(frame.locator("#faces li")).to_have_count(1)
        expect(frame.locator("#engine")).to_contain_text("onnxruntime-web in WebAssembly; threads: ")
        side = app.page.locator(".fer-side:has(#device-photo)")
        assert side.evaluate("(box) => box.scrollHeight <= box.clientHeight"), "a part of it is hidden"
        frame.get_by_role("button", name="Show this photo to the server").click()
        frame.get_by_role("button", name="Keep it here").click()
        expect(frame.locator("dialog")).to_be_hidden()
        assert not asked
        frame.get_by_role("button", name="Show this photo to the server").click()
        frame.get_by_role("button", name="Send it").click()
        app.analysed()
        assert any("upload" in url for url in asked)
    expect(app.page.locator("#device-photo iframe")).to_have_count(0)


def test_pages_have_threads(app: App):
    assert app.page.evaluate("crossOriginIsolated")
    frame = turn_on(app, "photo")
    is_ready(frame)
    assert frame.locator("body").evaluate("() => crossOriginIsolated")
    cores = app.page.evaluate("navigator.hardwareConcurrency")
    expect(frame.locator("body")).to_have_attribute("data-threads", str(min(4, max(1, cores - 1))))


def test_a_browser_that_cannot_stays_with_the_server(browser: Browser, address: str):
    with watched(browser) as page:
        page.add_init_script("WebAssembly.validate = () => false")
        page.goto(address)
        app = App(page).ready()
        turn_on(app, "live")
        expect(page.locator("#device-live p")).to_contain_text("it lacks WebAssembly with SIMD")
        expect(page.locator("#device-live iframe")).to_have_count(0)
        expect(page.get_by_role("button", name="Start the camera")).to_be_visible()


def test_a_damaged_model_file_is_named_and_loaded_again(app: App):
    app.page.context.route("**/model.onnx", lambda route: route.fulfill(body=b"not a model"))
    frame = turn_on(app, "photo")
    expect(frame.locator("#status")).to_contain_text(f"The model file of {DEFAULT} is damaged.")
    app.page.context.unroute("**/model.onnx")
    frame.get_by_role("button", name="Load again").click()
    is_ready(frame)


def test_a_lost_worker_is_named_and_replaced(app: App):
    frame = turn_on(app, "photo")
    is_ready(frame)
    frame.locator("#file").set_input_files(FACE)
    expect(frame.locator("#faces li")).to_have_count(1)
    worker = next(worker for worker in app.page.workers if worker.url.endswith("worker.js"))
    worker.evaluate("() => { self.onmessage = () => { throw new Error('lost') } }")
    frame.locator("#file").set_input_files(FACE | {"name": "again.png"})
    expect(frame.locator("#status")).to_contain_text("The part that computes has stopped.")
    frame.get_by_role("button", name="Load again").click()
    expect(frame.locator("#status")).to_contain_text("Faces found: 1")


def test_a_refused_camera_is_named(app: App):
    frame = turn_on(app, "live")
    is_ready(frame)
    frame.get_by_role("button", name="Start the camera").click()
    expect(frame.locator("#status")).to_contain_text("The browser refused the camera.")
