"""The site that needs no Python: served as plain files, driven, counted for requests, and cut off the network."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import watched
from driver import png
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from fer_explain.faces.drawn import draw_face
from fer_explain.hub.folder import DEFAULT
from fer_explain.ui.device.vendor import FOR_GRAPHICS, PLAIN

FACE = {"name": "face.png", "mimeType": "image/png", "buffer": png(Image.fromarray(draw_face("happy").pixels))}


def ready(page: Page, site: str) -> list[str]:
    """Opens the page; the list gets all that it asks for from then on, its worker too."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(site)
    page.wait_for_function("navigator.serviceWorker.controller !== null && crossOriginIsolated")  # loads itself anew
    expect(page.locator("body")).to_have_attribute("data-ready", DEFAULT)
    assert any(url.endswith("model.onnx") for url in asked), "the worker's requests are not seen"
    asked.clear()
    return asked


def test_a_photo_is_explained_and_a_broken_one_named(browser: Browser, site: str):
    with watched(browser) as page:
        asked = ready(page, site)
        page.locator("#file").set_input_files(FACE)
        expect(page.locator("#faces li")).to_have_count(1)
        expect(page.locator("#faces .bars p")).to_have_count(7)
        expect(page.locator("#faces .gate")).to_have_count(5)
        expect(page.locator("#faces .set")).to_contain_text("At the 90 % level:")
        expect(page.locator("#more")).to_be_hidden()  # there is no server to ask
        page.locator("#file").set_input_files({"name": "face.png", "mimeType": "image/png", "buffer": b"no picture"})
        expect(page.locator("#status")).to_contain_text("no image that the browser can open")
        assert not asked


def test_the_live_view_sends_nothing_and_works_without_a_network(browser: Browser, site: str):
    with watched(browser, permissions=["camera"]) as page:
        asked = ready(page, site)
        page.get_by_role("tab", name="Live").click()
        page.get_by_role("button", name="Start the camera").click()
        page.wait_for_function("Number(document.body.dataset.frames) >= 100")
        print("labels", page.locator("#rate").inner_text())
        page.get_by_label("Show where it looks").check()
        page.wait_for_function("Number(document.body.dataset.frames) >= 200")
        print("with map", page.locator("#rate").inner_text())
        expect(page.locator("#people li")).to_have_count(1)
        assert not asked
        kept = page.evaluate(
            "async () => (await (await caches.open((await caches.keys())[0])).keys()).map(({ url }) => url)"
        )
        names = {url.rsplit("/", 1)[-1] for url in kept}
        assert names >= set(PLAIN)
        assert not names & set(FOR_GRAPHICS), "there is no graphics processor here"
        page.context.set_offline(True)
        ready(page, site)


def test_what_a_phone_needs_to_install_it(browser: Browser, site: str):
    with watched(browser, viewport={"width": 390, "height": 800}) as page:
        ready(page, site)
        told = page.evaluate("async () => (await fetch('app.webmanifest')).json()")
        for icon in told["icons"][:2]:
            side = page.evaluate(
                "async (src) => (await createImageBitmap(await (await fetch(src)).blob())).width", icon["src"]
            )
            assert icon["sizes"] == f"{side}x{side}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_runtime_that_is_used_is_kept_also_where_it_came_before_the_service_worker(browser: Browser, site: str):
    with watched(browser) as page:
        page.add_init_script(
            """window.told = [];
            const post = ServiceWorker.prototype.postMessage;
            ServiceWorker.prototype.postMessage = function (files) {
                told.push(...files);
                return post.call(this, files);
            };
            """
        )
        ready(page, site)
        page.wait_for_function("told.length === 2")
        assert page.evaluate("told") == [f"vendor/{name}" for name in PLAIN]
        other = f"vendor/{next(iter(FOR_GRAPHICS))}"
        assert not page.evaluate("async (file) => Boolean(await caches.match(file))", other)
        page.evaluate("(file) => navigator.serviceWorker.controller.postMessage([file])", other)
        kept = """async (file) => {
            const pause = () => new Promise((done) => setTimeout(done, 50));
            for (let i = 0; i < 200 && !await caches.match(file); i++) await pause();
            return Boolean(await caches.match(file));
        }"""
        assert page.evaluate(kept, other)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_serious(browser: Browser, site: str, scheme: str):
    with watched(browser, color_scheme=scheme) as page:
        ready(page, site)
        page.locator("#file").set_input_files(FACE)
        expect(page.locator("#faces li")).to_have_count(1)
        for tab in ("Photo", "Live", "About"):
            page.get_by_role("tab", name=tab).click()
            found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
            assert not [(tab, one["id"], one["nodes"]) for one in found if one["impact"] in ("serious", "critical")]
