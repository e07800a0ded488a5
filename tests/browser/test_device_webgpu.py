"""The network on a graphics processor: the same answers as in WebAssembly, which takes over wherever that fails.

Chromium's software adapter stands in for a graphics processor. It is far slower than WebAssembly, so only a page with
``?processor=webgpu`` uses it.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from conftest import CHROMIUM, QUIET, watched
from driver import png
from PIL import Image
from playwright.sync_api import Browser, Page, Request, Route, expect

from fer_explain.faces.drawn import draw_face
from fer_explain.hub.folder import DEFAULT
from fer_explain.ui.device.vendor import FOR_GRAPHICS, PLAIN

GRAPHICS = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
FACE = png(Image.fromarray(draw_face("happy", size=240, seed=1).pixels))
LOOK = """async (text) => {
    const { ask } = await import('/engine.js');
    const file = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], { type: 'image/png' });
    const { faces: [face] } = await ask({ kind: 'look', bitmap: await createImageBitmap(file) });
    return { probabilities: face.probabilities, theta: face.theta, map: [...face.map], gates: face.gates };
}"""
WITHOUT = "Computed by onnxruntime-web in WebAssembly; threads: "
WITH = "the network by WebGPU on the graphics processor, the face detector in WebAssembly; threads: "
# Put before the worker's code. Each is one way in which a graphics processor can fail.
NO_ADAPTER = "navigator.gpu.requestAdapter = async () => null;"
NO_DEVICE = "GPUAdapter.prototype.requestDevice = async () => { throw new Error('no device'); };"
# Only the heat map and larger answers are wrong: nothing but a look at them shows it.
WRONG = """
    const read = GPUBuffer.prototype.getMappedRange;
    GPUBuffer.prototype.getMappedRange = function (...part) {
        const range = read.apply(this, part);
        if (this.usage & GPUBufferUsage.MAP_READ && range.byteLength >= 65536) new Float32Array(range).fill(0.5);
        return range;
    };
"""
NOT_SOFTWARE = "Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });"
NO_ANSWER = f"{NOT_SOFTWARE} GPUBuffer.prototype.mapAsync = () => new Promise(() => {{}});"
WITHIN_REACH = """
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...wish) {
        return self.device = await request.apply(this, wish);
    };
"""
NO_RUN = f"""
    {WITHIN_REACH}
    const submit = GPUQueue.prototype.submit;
    GPUQueue.prototype.submit = function (...work) {{ self.device.destroy(); return submit.apply(this, work); }};
"""


@pytest.fixture(scope="module")
def graphics(browser: Browser) -> Iterator[Browser]:
    """A browser that reaches a software adapter by WebGPU."""
    made = browser.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, *GRAPHICS])
    yield made
    made.close()


@contextmanager
def visited(browser: Browser) -> Iterator[Page]:
    """A page whose console may tell what the runtime says of the failure; without its service worker."""
    context = browser.new_context(locale="en-US", service_workers="block")
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()


def opened(page: Page, address: str, before: str = "", instead: Mapping[str, str] = MappingProxyType({})) -> set[str]:
    """Opens the page, with code before that of its runtime.js and in it; the vendored files it asks for."""
    asked: set[str] = set()

    def note(request: Request) -> None:
        name = request.url.rsplit("/", 1)[-1]
        if name in PLAIN | FOR_GRAPHICS:
            asked.add(name)

    def put_before(route: Route) -> None:
        answer = route.fetch()
        body = answer.text()
        for old, new in instead.items():
            assert old in body
            body = body.replace(old, new)
        route.fulfill(response=answer, body=before + body)

    page.context.on("request", note)
    if before:
        page.context.route("**/runtime.js", put_before)
    page.goto(address)
    is_ready(page)
    return asked


def is_ready(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-ready", DEFAULT)


def look(page: Page) -> dict[str, Any]:
    return page.evaluate(LOOK, base64.b64encode(FACE).decode())


def shows_the_face(page: Page) -> None:
    page.locator("#file").set_input_files({"name": "face.png", "mimeType": "image/png", "buffer": FACE})
    expect(page.locator("#faces .bars p")).to_have_count(7)
    expect(page.locator("#status")).to_have_text("Faces found: 1")


def test_its_answers_are_those_of_webassembly_also_without_a_network(graphics: Browser, site: str):
    with watched(graphics) as page:
        asked: list[str] = []
        page.goto(f"{site}?processor=webgpu")
        page.wait_for_function(
            "navigator.serviceWorker.controller !== null && crossOriginIsolated"
        )  # loads itself anew
        is_ready(page)
        page.context.on("request", lambda request: asked.append(request.url))
        expect(page.locator("#engine")).to_contain_text(WITH)
        there = look(page)
        shows_the_face(page)
        assert not asked
        page.context.set_offline(True)
        page.goto(f"{site}?processor=webgpu")
        is_ready(page)
        expect(page.locator("body")).to_have_attribute("data-processor", "webgpu")
    with watched(graphics, service_workers="block") as page:
        opened(page, f"{site}?processor=wasm")
        here = look(page)
    np.testing.assert_allclose(there["probabilities"], here["probabilities"], atol=1e-3)
    np.testing.assert_allclose(there["theta"], here["theta"], atol=1e-3)
    np.testing.assert_allclose(there["map"], here["map"], atol=1e-2)
    for one, other in zip(there["gates"], here["gates"], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-2)
    assert max(here["map"]) == pytest.approx(1)


@pytest.mark.parametrize(("wish", "before"), [("", ""), ("?processor=webgpu", NO_ADAPTER)])
def test_without_one_nothing_more_is_loaded(graphics: Browser, site: str, wish: str, before: str):
    """A software adapter counts as none."""
    with watched(graphics, service_workers="block") as page:
        assert opened(page, site + wish, before) == set(PLAIN)
        expect(page.locator("#engine")).to_contain_text(WITHOUT)


def test_one_that_is_faster_is_taken(graphics: Browser, site: str):
    """By a clock on which a run of WebAssembly takes a second, and one of the graphics processor a millisecond."""
    clock = """
        let now = 0, busy = false;
        const submit = GPUQueue.prototype.submit;
        GPUQueue.prototype.submit = function (...work) { busy = true; return submit.apply(this, work); };
        const clock = () => { now += busy ? 1 : 1000; busy = false; return now; };
    """
    instead = {"performance.now()": "clock()", "TRIAL = 10_000": "TRIAL = 100_000", "ROUNDS = 5": "ROUNDS = 1"}
    with watched(graphics, service_workers="block") as page:
        assert opened(page, site, NOT_SOFTWARE + clock, instead) == set(FOR_GRAPHICS)
        expect(page.locator("#engine")).to_contain_text(WITH)


@pytest.mark.parametrize(
    ("wish", "trouble"),
    [
        ("?processor=webgpu", NO_DEVICE),
        ("?processor=webgpu", NO_RUN),
        ("?processor=webgpu", WRONG),
        ("", NO_ANSWER),
        ("", NOT_SOFTWARE),
    ],
    ids=["no session", "no first run", "another result", "no answer", "too slow"],
)
def test_one_that_fails_or_is_slower_is_left_alone(graphics: Browser, site: str, wish: str, trouble: str):
    with visited(graphics) as page:
        assert opened(page, site + wish, trouble) == set(FOR_GRAPHICS)
        expect(page.locator("#engine")).to_contain_text(WITHOUT)
        shows_the_face(page)


def test_a_runtime_for_graphics_that_does_not_load_is_replaced(graphics: Browser, site: str):
    with visited(graphics) as page:
        page.context.route("**/*.jspi.wasm", lambda route: route.fulfill(body=b"no WebAssembly"))
        assert opened(page, f"{site}?processor=webgpu") == set(PLAIN) | set(FOR_GRAPHICS)
        expect(page.locator("#engine")).to_contain_text(WITHOUT)
        shows_the_face(page)


def test_one_that_is_lost_later_costs_no_face(graphics: Browser, site: str):
    with visited(graphics) as page:
        opened(page, f"{site}?processor=webgpu", WITHIN_REACH)
        expect(page.locator("#engine")).to_contain_text(WITH)
        page.workers[-1].evaluate("() => device.destroy()")
        shows_the_face(page)
        expect(page.locator("#engine")).to_contain_text(WITHOUT)
