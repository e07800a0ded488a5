"""What the app adds to a bare network: ratios of medians of interleaved runs; a busy machine slows both sides.

::

    python -m benchmarks.speed                                  # the default checkpoint, 30 repeats
    python -m benchmarks.speed --model emonext_nano --repeats 100
    python -m benchmarks.speed --app                            # also the rows of the running app

A *bare* pass is what a person without this project would write: ``model(x)``, then ``logits[0, c].backward()`` for the
predicted class c, the input asking for its gradient and the weights as they are loaded, which asks for theirs too. The
second row freezes the weights first, the leanest bare pass there is.
"""

from __future__ import annotations

import argparse
import base64
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import psutil
import torch
from torch import Tensor, nn

from benchmarks.open_page import PHOTO, ROOT, open_page
from fer_explain.analyzer import Analyzer
from fer_explain.explain.registry import explain
from fer_explain.models import Architecture, architecture, create_model

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``within`` says whether the budget was kept."""

    what: str
    measured: str
    budget: str
    within: bool


def medians(runs: Sequence[Run], repeats: int) -> list[float]:
    """Median seconds of each run, taken in turns after one warm-up of each."""
    times: list[list[float]] = [[] for _ in runs]
    for turn in range(repeats + 1):
        for run, own in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            if turn:
                own.append(time.perf_counter() - start)
    return [median(own) for own in times]


def bare_pass(model: nn.Module, x: Tensor) -> Tensor:
    """Forward and backward as a person would write them; returns the gradient of the input."""
    model.zero_grad()
    x = x.clone().requires_grad_()
    logits = model(x)
    logits[0, int(logits[0].argmax())].backward()
    assert x.grad is not None
    return x.grad


def frozen_bare_pass(model: nn.Module, x: Tensor) -> Tensor:
    """The same without gradients of the weights."""
    wanted = [weight.requires_grad for weight in model.parameters()]
    model.requires_grad_(False)
    try:
        return bare_pass(model, x)
    finally:
        for weight, requires_grad in zip(model.parameters(), wanted, strict=True):
            weight.requires_grad_(requires_grad)


def one_pass_rows(model: nn.Module, entry: Architecture, repeats: int) -> list[Row]:
    """Prediction + STN + gates + Grad-CAM of one face, against a bare pass and one with frozen weights."""
    x = torch.randn(1, entry.input.channels, entry.input.size, entry.input.size)
    runs: list[Run] = [
        lambda: explain(model, entry, x),
        lambda: bare_pass(model, x),
        lambda: frozen_bare_pass(model, x),
    ]
    ours, bare, frozen = medians(runs, repeats)
    model.zero_grad()
    what = f"prediction + STN + gates + Grad-CAM, {entry.name}"
    return [
        ratio_row(f"{what}, of a bare pass", ours, bare, 1.15),
        ratio_row(f"{what}, of a bare pass with frozen weights", ours, frozen, 1.15),
    ]


def request_row(send: Run, detect: Run, model: nn.Module, x: Tensor, repeats: int) -> Row:
    """A whole request, against the detector and a bare pass on the same photo.

    Args:
        send: uploads one photo with one face to the running app and waits for the answer.
        detect: runs the detector on that photo.
        model: the network the app uses.
        x: its input (1, C, S, S).
        repeats: how often each is run.
    """
    whole, finding, bare = medians([send, detect, lambda: bare_pass(model, x)], repeats)
    row = ratio_row("whole request over HTTP, of detector + bare pass", whole, finding + bare, 1.5)
    return Row(row.what, row.measured, f"{row.budget} and < 400 ms", row.within and whole < 0.4)


def live_row(process: Run, overlay: bool, repeats: int) -> Row:
    """Frames per second of ``process``, which takes one frame all the way (with the Grad-CAM ``overlay`` or not)."""
    (seconds,) = medians([process], repeats)
    budget = 8 if overlay else 15
    what = "live view with Grad-CAM overlay" if overlay else "live view, labels"
    return Row(what, f"{1 / seconds:.1f} frames/s", f">= {budget} frames/s", 1 / seconds >= budget)


def memory_rows(url: str, photos: int, warm: float | None = None) -> list[Row]:
    """Memory of the running app with every checkpoint loaded, and what many different photos add to it."""
    from benchmarks.memory import WARM, measure

    [process] = psutil.Process().children()
    models, load, grown = measure(url, process, photos, WARM if warm is None else warm)
    most = max(load.sizes) / 2**30
    sent = f"{photos:,} different photos from {load.pages:,} pages and {load.frames:,} frames"
    return [
        Row(f"memory of the app at most, {models} checkpoints loaded", f"{most:.2f} GB", "< 1.5 GB", most < 1.5),
        Row(f"memory added by {sent}", f"{grown:.0f} MB", "flat (< 50 MB)", grown < 50),
    ]


def training_row(name: str) -> Row:
    """The training loop's throughput, against a bare PyTorch loop on the same batches."""
    from benchmarks.training import throughput_ratio

    ratio = throughput_ratio(name)
    return Row(f"training loop, {name}, of a bare PyTorch loop", f"{ratio:.2f} x", ">= 0.9 x", ratio >= 0.9)


def app_rows(analyzer: Analyzer, repeats: int, photos: int) -> list[Row]:
    """Starts app.py, asks it over HTTP about one photo, and takes the live view's frames all the way."""
    from gradio_client import Client, handle_file

    checkpoint = analyzer.checkpoint()
    spec = checkpoint.config.input
    x = torch.randn(1, spec.channels, spec.size, spec.size)
    with running_app() as (url, seconds):
        with open_page(url) as send:
            row = request_row(send, lambda: analyzer.detect(PHOTO), checkpoint.model, x, repeats)
        client, photo = Client(url, verbose=False), handle_file(str(PHOTO))
        [whole] = medians([lambda: client.predict(photo, "", "gradcam", "", api_name="/analyze")], repeats)
        client.close()
        memory = memory_rows(url, photos) if photos else []
    start = Row("app.py to a usable page", f"{seconds:.1f} s", "< 10 s", seconds < 10)
    scripted = Row("the same by gradio_client", f"{whole * 1000:.1f} ms", "< 400 ms", whole < 0.4)
    live = [live_row(partial(_see, analyzer, overlay), overlay, repeats) for overlay in (False, True)]
    return [start, row, scripted, *live, *memory]


def _see(analyzer: Analyzer, overlay: bool) -> object:
    """One camera frame of 400 x 400 pixels through the live view, as its server function takes it."""
    from fer_explain.ui.live.events import PREFIX, Frame, see
    from fer_explain.ui.live.tracks import Tracks
    from fer_explain.ui.shell.texts import Texts

    image = PREFIX + base64.b64encode(PHOTO.read_bytes()).decode()
    return see(analyzer, Frame(image, None, overlay, Tracks(), 0.0), Texts())


@contextmanager
def running_app(
    command: Sequence[str] = (sys.executable, "app.py"), patience: float = 180
) -> Iterator[tuple[str, float]]:
    """The app in a process of its own: its address, and the seconds until its page answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, environment = f"http://127.0.0.1:{port}/", {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as app:
        try:
            while not _answers(url) and time.perf_counter() - start < patience:
                time.sleep(0.05)
            yield url, time.perf_counter() - start
        finally:
            app.terminate()


def ratio_row(what: str, ours: float, base: float, budget: float) -> Row:
    """A row for a ratio of two times in seconds."""
    ratio = ours / base
    measured = f"{ratio:.2f} x ({ours * 1000:.1f} / {base * 1000:.1f} ms)"
    return Row(what, measured, f"<= {budget} x", ratio <= budget)


def as_markdown(rows: Sequence[Row]) -> str:
    """The rows as a markdown table."""
    lines = ["| what | measured | budget | kept |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.measured} | {row.budget} | {'yes' if row.within else 'NO'} |" for row in rows]
    return "\n".join(lines)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _network(name: str | None, analyzer: Analyzer) -> tuple[nn.Module, Architecture]:
    """The network of a checkpoint, or an untrained one of that architecture, which is just as fast."""
    if name is None or name in analyzer.models:
        checkpoint = analyzer.checkpoint(name)
        return checkpoint.model, architecture(checkpoint.config.architecture)
    return create_model(name).eval(), architecture(name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a checkpoint or an architecture; default: the app's default checkpoint")
    parser.add_argument("--repeats", type=int, default=30, help="runs of each side (default 30)")
    parser.add_argument("--photos", type=int, default=1000, help="that the running app gets (default 1000; 0 for none)")
    parser.add_argument("--training", metavar="MODEL", help="also measure the training loop with this architecture")
    parser.add_argument(
        "--app", action="store_true", help="also start app.py, ask it over HTTP, and feed the live view"
    )
    options: Any = parser.parse_args(arguments)
    analyzer = Analyzer()
    rows = one_pass_rows(*_network(options.model, analyzer), options.repeats)
    if options.training:
        rows.append(training_row(options.training))
    if options.app:
        rows += app_rows(analyzer, options.repeats, options.photos)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {options.repeats} repeats\n")
    print(as_markdown(rows))


if __name__ == "__main__":
    main()
