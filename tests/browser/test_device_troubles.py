"""What can go wrong on the device's own page: one sentence each, and a way on. One page for all of it."""

from collections.abc import Iterator

import pytest
from conftest import CHROMIUM, QUIET, watched
from driver import png
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from fer_explain.faces.drawn import draw_face
from fer_explain.hub.folder import DEFAULT

# Without its service worker the page asks for files as usual, and a test can answer with others.
PLAIN = {"service_workers": "block", "permissions": ["camera"]}
FACE = {"name": "face.png", "mimeType": "image/png", "buffer": png(Image.fromarray(draw_face("happy").pixels))}
RAISE = "() => { self.onmessage = () => { throw new Error('lost'); }; }"


def is_ready(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-ready", DEFAULT)


@pytest.fixture(scope="module")
def ready(browser: Browser, site: str) -> Iterator[Page]:
    with watched(browser, **PLAIN) as page:
        page.goto(f"{site}?view=live")
        is_ready(page)
        yield page


def starts(page: Page) -> None:
    """The camera starts, shows a face, and stops."""
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#people li")).to_have_count(1)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#status")).to_have_text("The camera is off.")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("NotFoundError", "No camera was found on this device."),
        ("NotAllowedError", "The browser refused the camera. Allow it for this page"),
        ("NotReadableError", "The camera could not be started: another program may be using it."),
    ],
)
def test_a_camera_that_does_not_start_is_named_and_can_be_tried_again(ready: Page, error: str, sentence: str):
    ready.evaluate(
        """(name) => {
            navigator.mediaDevices.getUserMedia = () => {
                delete navigator.mediaDevices.getUserMedia;
                return Promise.reject(new DOMException('', name));
            };
        }""",
        error,
    )
    ready.get_by_role("button", name="Start the camera").click()
    expect(ready.locator("#status")).to_contain_text(sentence)
    expect(ready.locator("#status")).to_have_class("failed")
    starts(ready)
    expect(ready.locator("#status")).not_to_have_class("failed")


def test_a_machine_without_a_camera_still_has_photos(browser: Browser, site: str):
    bare = browser.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET])
    with watched(bare, **PLAIN) as page:
        page.goto(site)
        is_ready(page)
        page.get_by_role("tab", name="Live").click()
        page.get_by_role("button", name="Start the camera").click()
        expect(page.locator("#status")).to_have_text("No camera was found on this device.")
        page.get_by_role("tab", name="Photo").click()
        page.locator("#file").set_input_files(FACE)
        expect(page.locator("#faces li")).to_have_count(1)
    bare.close()


def test_a_camera_that_is_pulled_out_ends_the_view(ready: Page):
    ready.get_by_role("button", name="Start the camera").click()
    expect(ready.locator("#people li")).to_have_count(1)
    ready.evaluate("document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(ready.locator("#status")).to_have_text("The camera is off.")
    starts(ready)


def test_a_worker_lost_under_the_camera_is_named_and_replaced(ready: Page):
    ready.get_by_role("button", name="Start the camera").click()
    expect(ready.locator("#people li")).to_have_count(1)
    ready.workers[-1].evaluate(RAISE)
    expect(ready.locator("#status")).to_have_text("The part that computes has stopped. Start it again.")
    ready.get_by_role("button", name="Load again").click()
    expect(ready.locator("#status")).to_contain_text("is ready on this device")
    starts(ready)


@pytest.mark.parametrize(("file", "name"), [("detector/rnet.onnx", "MTCNN"), (f"models/{DEFAULT}/model.onnx", DEFAULT)])
def test_a_damaged_file_is_named_and_loaded_again(browser: Browser, site: str, file: str, name: str):
    with watched(browser, **PLAIN) as page:
        page.context.route(f"**/{file}", lambda route: route.fulfill(body=b"no network"))
        page.goto(site)
        expect(page.locator("#status")).to_contain_text(f"The model file of {name} is damaged.")
        page.context.unroute(f"**/{file}")
        page.get_by_role("button", name="Load again").click()
        is_ready(page)


def test_a_runtime_that_does_not_load_is_named_and_loaded_again(browser: Browser, site: str):
    context = browser.new_context(**PLAIN, locale="en-US")  # whose console may tell what the runtime says
    page = context.new_page()
    context.route("**/*.wasm", lambda route: route.fulfill(body=b"no WebAssembly"))
    page.goto(site)
    expect(page.locator("#status")).to_have_text("The part that computes has stopped. Start it again.", timeout=60_000)
    context.unroute("**/*.wasm")
    page.get_by_role("button", name="Load again").click()
    expect(page.locator("body")).to_have_attribute("data-ready", DEFAULT, timeout=60_000)
    context.close()


def test_a_browser_without_simd_is_told_which_one_to_take(browser: Browser, site: str):
    """There is no server here that could do the work."""
    with watched(browser, **PLAIN) as page:
        page.add_init_script("WebAssembly.validate = () => false")
        page.goto(site)
        expect(page.locator("#status")).to_contain_text(
            "it lacks WebAssembly with SIMD. Open this page in a browser of"
        )
        expect(page.locator(".drop")).to_be_hidden()
        page.get_by_role("tab", name="Live").click()
        expect(page.get_by_role("button", name="Start the camera")).to_be_hidden()
        page.get_by_role("tab", name="About").click()
        expect(page.locator("#about")).to_contain_text("An expression is not a feeling.")
