"""The pipeline in the visitor's browser: how many frames it answers a second, and how its answers differ from Python's.

::

    python -m benchmarks.device                     # 20 seconds of live view without and with map, 100 photos
    python -m benchmarks.device --seconds 5 --photos 0
    python -m benchmarks.device --processor webgpu  # also where that is slower, or a software adapter

The page that the switch "On this device" opens is built, served as plain files and opened in headless Chromium, whose
fake camera plays a moving face of a real person. The photos show drawn faces.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.speed import PHOTO, Row, as_markdown
from benchmarks.visitors import photo
from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.faces.detect import detect
from fer_explain.faces.photo import open_photo
from fer_explain.hub.files import write_atomically
from fer_explain.hub.folder import DEFAULT, EMBEDDED
from fer_explain.types import Box
from fer_explain.ui.device.site import exported, write_site
from fer_explain.ui.live.tracks import overlap as iou

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = ("--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-component-update")
WEBGPU: Final = ("--enable-unsafe-webgpu", "--enable-features=Vulkan")  # headless, Chromium has WebGPU only when asked
BUDGETS: Final = {"labels": 20.0, "labels with map": 12.0}  # frames per second
SIZES: Final = ((640, 480), (1024, 768), (900, 1200))  # of the photos, in pixels
_CLOCK: Final = "() => [Number(document.body.dataset.frames ?? 0), performance.now() / 1000]"
# Notes how many frames wait for an answer of the worker at once.
_COUNT: Final = """
    const waiting = new Set(), post = Worker.prototype.postMessage;
    window.most = 0;
    Worker.prototype.postMessage = function (message, given) {
        if (!this.counted) this.addEventListener('message', ({ data }) => waiting.delete(data.id));
        this.counted = true;
        if (message.kind === 'watch') window.most = Math.max(window.most, waiting.add(message.id).size);
        return post.call(this, message, given);
    };
"""
_LOOK: Final = """async (text) => {
    const { ask } = await import('/engine.js');
    const file = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], { type: 'image/jpeg' });
    const { faces } = await ask({ kind: 'look', bitmap: await createImageBitmap(file) });
    return faces.map(({ box, probabilities, map }) => ({ box, probabilities, map: [...map] }));
}"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One face: its box in photo pixels, its probabilities (K,), and its heat map (H, W) as one list."""

    box: Box
    probabilities: Sequence[float]
    map: Sequence[float]


def film(path: Path, frames: int = 30) -> None:
    """Writes a film for Chromium's fake camera: a real face that moves to and fro, raw frames of 640 x 480."""
    with Image.open(PHOTO) as opened:
        face = opened.convert("RGB")
    parts = [b"YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg\n"]
    for number in range(frames):
        left = 60 + round(20 * np.sin(2 * np.pi * number / frames))
        shown = np.asarray(face.crop((left, 0, left + 272, 204)).resize((640, 480)).convert("YCbCr"))
        planes = (shown[..., 0], shown[::2, ::2, 1], shown[::2, ::2, 2])
        parts += [b"FRAME\n", *(plane.tobytes() for plane in planes)]
    write_atomically(path, lambda temporary: temporary.write_bytes(b"".join(parts)))


def speed_rows(page: Page, seconds: float) -> list[Row]:
    """Starts the camera of the open page and counts what is answered, without and with the map."""
    page.get_by_role("tab", name="Live").click()
    page.get_by_role("button", name="Start the camera").click()
    rows = []
    for what, budget in BUDGETS.items():
        if "map" in what:
            page.get_by_label("Show where it looks").check()
        page.wait_for_timeout(3000)  # until the pace is steady
        (first, start), spent = page.evaluate(_CLOCK), processor_time()
        page.wait_for_timeout(1000 * seconds)
        (last, end), spent = page.evaluate(_CLOCK), processor_time() - spent
        rows.append(rate_row(what, last - first, end - start, spent, budget))
    page.get_by_role("button", name="Stop").click()
    most = int(page.evaluate("window.most"))
    return [*rows, Row("frames that wait for an answer at once", f"{most}", "<= 1", most == 1)]


def processor_time() -> float:
    """Seconds of all cores that the browser has used so far: what a busy machine changes less than the pace."""
    return sum(sum(process.cpu_times()[:2]) for process in psutil.Process().children(recursive=True))


def rate_row(what: str, frames: int, seconds: float, spent: float, budget: float) -> Row:
    """A row for ``frames`` answered in ``seconds``, for which the browser ``spent`` seconds of the processor."""
    rate = frames / seconds
    measured = f"{rate:.1f} frames/s, {1000 * spent / max(frames, 1):.0f} ms of processor time each"
    return Row(f"on this device, {what}", measured, f">= {budget:.0f} frames/s", rate >= budget)


def agreement_rows(page: Page, photos: int) -> list[Row]:
    """Explains photos in the open page and in Python."""
    analyzer = Analyzer()
    pairs = []
    for number in range(photos):
        content = photo(number, SIZES[number % len(SIZES)])
        told = page.evaluate(_LOOK, base64.b64encode(content).decode())
        here = [Seen(Box(*one["box"]), one["probabilities"], one["map"]) for one in told]
        pairs.append((here, _in_python(analyzer, content)))
    return compare(pairs)


def compare(pairs: Sequence[tuple[Sequence[Seen], Sequence[Seen]]]) -> list[Row]:
    """How the faces of photos differ between the browser and Python; both lists largest face first.

    Boxes, probabilities and maps are compared on photos with equally many faces.
    """
    both = [list(zip(here, there, strict=True)) for here, there in pairs if len(here) == len(there)]
    faces = [pair for photo in both for pair in photo]
    if not faces:
        raise FerError("no photo has the same number of faces in the browser as in Python.")
    same = sum(all(_answer(here) == _answer(there) for here, there in photo) for photo in both)
    overlap = [iou(here.box, there.box) for here, there in faces]
    shares = [np.abs(np.subtract(here.probabilities, there.probabilities)).max() for here, there in faces]
    maps = [np.abs(np.subtract(here.map, there.map)).mean() for here, there in faces]
    mean = np.mean(overlap)
    return [
        Row(
            "photos with the same faces and answers as in Python",
            f"{same} of {len(pairs)}", ">= 99 %", same >= 0.99 * len(pairs),
        ),
        Row(
            f"their {len(faces)} boxes, intersection over union with Python's",
            f"{mean:.4f} on average, {min(overlap):.4f} at least", ">= 0.99 on average", bool(mean >= 0.99),
        ),
        _difference_row("largest difference of a probability", shares),
        _difference_row("mean difference of the heat map", maps),
    ]  # fmt: skip


def _difference_row(what: str, values: Sequence[float]) -> Row:
    mean, most = np.mean(values), np.max(values)
    return Row(
        f"{what} from Python's", f"{mean:.4f} on average, {most:.4f} at most", "<= 0.01 on average", mean <= 0.01
    )


def _answer(face: Seen) -> int:
    return int(np.argmax(face.probabilities))


def _in_python(analyzer: Analyzer, content: bytes) -> list[Seen]:
    faces = detect(open_photo(Image.open(BytesIO(content))), "mtcnn").faces
    return [
        Seen(one.face.box, one.prediction.probabilities, one.heatmap.values.ravel().tolist())
        for one in analyzer.explain(faces, DEFAULT)
    ]


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, served as plain files by a thread of this process."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def opened_page(folder: Path, processor: str) -> Iterator[Page]:
    """The page with the default checkpoint, built in ``folder``, open in a browser and ready, with its threads.

    ``processor`` is ``"wasm"`` or ``"webgpu"``.
    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise FerError(f"There is no Chromium on this machine; one of {', '.join(BROWSERS)} is needed.")
    write_site(folder / "site", exported([EMBEDDED / DEFAULT]))
    film(folder / "camera.y4m")
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={folder / 'camera.y4m'}")
    flags = FLAGS + (WEBGPU if processor == "webgpu" else ())
    with served(folder / "site") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*flags, *camera])
        page = browser.new_context(permissions=["camera"], locale="en-US").new_page()
        page.add_init_script(_COUNT)
        page.goto(f"{url}?processor={processor}")
        page.wait_for_function("crossOriginIsolated && document.body.dataset.ready", timeout=120_000)
        yield page
        browser.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of live view for each row (default 20)")
    parser.add_argument(
        "--photos", type=int, default=100, help="explained here and in Python (default 100; 0 for none)"
    )
    parser.add_argument("--processor", choices=("wasm", "webgpu"), default="wasm", help="of the network (default wasm)")
    options: Any = parser.parse_args(arguments)
    if options.seconds <= 0 or options.photos < 0:
        parser.error("--seconds is more than 0, --photos is not less than 0.")
    try:
        with TemporaryDirectory() as folder, opened_page(Path(folder), options.processor) as page:
            load, rows = os.getloadavg()[0], speed_rows(page, options.seconds)
            rows += agreement_rows(page, options.photos) if options.photos else []
            told = page.evaluate("({ ...document.body.dataset })")  # what computed to the end
    except FerError as error:
        parser.error(str(error))
    print(f"{told['processor']}, cores: {os.cpu_count()}, threads: {told['threads']}, ", end="")
    print(f"load {load:.1f} before, {options.seconds:.0f} s each\n")
    print(as_markdown(rows))


if __name__ == "__main__":
    main()
