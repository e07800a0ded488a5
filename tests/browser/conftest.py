"""The real app in a process of its own, and a real browser that reports every error and every stray request."""

import os
import runpy
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from driver import App
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from fer_explain.hub.folder import DEFAULT
from fer_explain.ui.shell.examples import ASTRONAUT

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
QUIET = (
    "--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no Chromium on this machine"))


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    return Image.open(ASTRONAUT).convert("RGB")


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Beside those that are embedded: an untrained network with a spatial transformer and gates, and a broken one."""
    import torch

    from fer_explain.emotions import LABELS
    from fer_explain.hub.checkpoint import save_checkpoint
    from fer_explain.hub.config import CheckpointConfig
    from fer_explain.models import architecture, create_model

    root = tmp_path_factory.mktemp("checkpoints")
    untrained, broken = root / "untrained", root / "broken"
    untrained.mkdir()
    broken.mkdir()
    torch.manual_seed(0)
    config = CheckpointConfig("emonext_atto", LABELS, architecture("emonext_atto").input)
    save_checkpoint(untrained, create_model("emonext_atto"), config)
    return ["--checkpoints", str(untrained), str(broken)]


@pytest.fixture(scope="session")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app keeps uploads for a moment."""
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="session")
def address(checkpoints: list[str], uploads: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The running app."""
    with running(checkpoints, uploads, tmp_path_factory.mktemp("log") / "app.txt") as address:
        yield address


@contextmanager
def running(
    arguments: list[str],
    uploads: Path,
    log: Path,
    program: tuple[str, ...] = ("app.py",),
    folder: Path = ROOT,
    **settings: str,
) -> Iterator[str]:
    """The address of the app, started with these arguments and none of the settings of whoever runs the tests.

    It is started in ``folder``, with ``settings`` in its environment.
    """
    port = free_port()
    foreign = ("GRADIO_", "SPACE_", "FER_EXPLAIN_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)} | settings
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *program, "--port", str(port), *arguments],
            cwd=folder, env=environment | {"GRADIO_TEMP_DIR": str(uploads)}, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_until_served(f"http://127.0.0.1:{port}/", process, log)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the static site, with the default checkpoint, behind a plain file server."""
    folder, log = tmp_path_factory.mktemp("static") / "site", tmp_path_factory.mktemp("log") / "server.txt"
    build = runpy.run_path(str(ROOT / "spaces" / "build.py"))["main"]
    build(["--static", str(folder), "--checkpoints", DEFAULT])
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    wait_until_served(f"http://127.0.0.1:{port}/", server, log)
    yield f"http://127.0.0.1:{port}/"
    server.kill()
    server.wait()


@pytest.fixture(scope="session")
def camera(astronaut: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of a real face for Chromium's fake camera: raw frames of 640 x 480."""
    planes = np.asarray(astronaut.crop((60, 0, 332, 204)).resize((640, 480)).convert("YCbCr"))
    frame = b"".join(plane.tobytes() for plane in (planes[..., 0], planes[::2, ::2, 1], planes[::2, ::2, 2]))
    path = tmp_path_factory.mktemp("camera") / "astronaut.y4m"
    path.write_bytes(b"YUV4MPEG2 W640 H480 F20:1 Ip A1:1 C420jpeg\n" + 4 * (b"FRAME\n" + frame))
    return path


@pytest.fixture(scope="session")
def browser(camera: Path) -> Iterator[Browser]:
    fake = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *fake])
        yield browser
        browser.close()


@pytest.fixture
def context_options() -> dict[str, object]:
    """What a test asks of the browser; tests override it by parametrizing this fixture indirectly."""
    return {}


@pytest.fixture
def app(
    browser: Browser, address: str, context_options: dict[str, object], request: pytest.FixtureRequest
) -> Iterator[App]:
    """The open page. Afterwards the test fails on any console error and on any request that left this machine."""
    with watched(browser, **context_options | getattr(request, "param", {})) as page:
        page.goto(address)
        yield App(page).ready()


@contextmanager
def watched(browser: Browser, **options: object) -> Iterator[Page]:
    """An empty page of its own, for one visit; what :func:`watch` noted fails the test in the end.

    No page may be left for another address, nor reloaded: Gradio reports its own streams, cut off by that, as errors.
    """
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, "locale": "en-US"} | options)
    context.set_default_timeout(120_000)
    page = context.new_page()
    troubles = watch(page)
    yield page
    context.close()
    assert not troubles, "\n".join(troubles)


def watch(page: Page) -> list[str]:
    """The list that errors and stray requests are added to as they happen."""
    troubles: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            troubles.append(f"console: {message.text}")

    def on_request(request: Request) -> None:
        target = urlsplit(request.url)
        if target.scheme not in ("data", "blob") and target.hostname != "127.0.0.1":
            troubles.append(f"request: {request.url[:200]}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: troubles.append(f"page: {error}"))
    page.on("request", on_request)
    return troubles


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_served(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), urllib.request.urlopen(url, timeout=10):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text()[-3000:]}")
