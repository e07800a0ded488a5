"""The site that needs no Python: served as plain files, driven, counted for requests, and cut off the network."""

import io
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import free_port, wait_until_served, watched
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from fer_explain.analyzer import Analyzer
from fer_explain.faces.drawn import draw_face

ROOT = Path(__file__).resolve().parents[2]
MODEL = "field_stn_se_mobilenetv1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, log = tmp_path_factory.mktemp("static") / "site", tmp_path_factory.mktemp("log") / "server.txt"
    runpy.run_path(str(ROOT / "spaces" / "build.py"))["main"](["--static", str(folder), "--checkpoints", MODEL])
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    wait_until_served(f"http://127.0.0.1:{port}/", server, log)
    yield f"http://127.0.0.1:{port}/"
    server.kill()
    server.wait()


def ready(page: Page, site: str) -> list[str]:
    """Opens the page; the list gets all that it asks for from then on, its worker too."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(site)
    expect(page.locator("body")).to_have_attribute("data-ready", MODEL)
    assert any(url.endswith("model.onnx") for url in asked), "the worker's requests are not seen"
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    asked.clear()
    return asked


def test_a_photo_gets_the_numbers_of_python(browser: Browser, site: str):
    drawn = draw_face("happy", size=240, seed=1).pixels
    file = io.BytesIO()
    Image.fromarray(drawn).save(file, "PNG")
    analyzer = Analyzer()
    wanted = analyzer.analyze(drawn, MODEL).faces
    assert len(wanted) == 1
    with watched(browser) as page:
        asked = ready(page, site)
        page.locator("#file").set_input_files({"name": "face.png", "mimeType": "image/png", "buffer": file.getvalue()})
        expect(page.locator("#faces li")).to_have_count(1)
        shares = page.locator("#faces p").evaluate_all("rows => rows.map(row => Number(row.dataset.share))")
        page.locator("#file").set_input_files({"name": "face.png", "mimeType": "image/png", "buffer": b"no picture"})
        expect(page.locator("#status")).to_contain_text("no image that the browser can open")
        assert not asked
    np.testing.assert_allclose(shares, wanted[0].prediction.probabilities, atol=0.02)


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
        expect(page.locator("#faces li")).to_have_count(1)
        assert not asked
        page.context.set_offline(True)
        ready(page, site)
