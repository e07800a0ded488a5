"""Many visitors at once: is everybody answered, how long do they wait, and does one of them hold up the others?

::

    OMP_NUM_THREADS=1 python -m benchmarks.load              # 50 visitors, 4 questions each, one at a time

Starts app.py and asks it over HTTP as open pages do. The rate of answers is set against that of two bare processes,
which do nothing but detector and pass on the same photo.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from statistics import quantiles
from typing import Any, Final

import httpx

from benchmarks.speed import PHOTO, ROOT, Row, as_markdown, open_page, running_app

BARE: Final = """
import sys, time
from benchmarks.speed import PHOTO, bare_pass
from fer_explain.analyzer import Analyzer
import torch
analyzer = Analyzer()
checkpoint = analyzer.checkpoint()
spec = checkpoint.config.input
x = torch.randn(1, spec.channels, spec.size, spec.size)
analyzer.detect(PHOTO), bare_pass(checkpoint.model, x)
print("ready", flush=True)
sys.stdin.readline()
began = time.perf_counter()
for _ in range(40):
    analyzer.detect(PHOTO), bare_pass(checkpoint.model, x)
print(40 / (time.perf_counter() - began))
"""


@dataclass(slots=True)
class Told:
    """What visitors got: seconds of each answer, sentences of what was refused or failed, and how long all took."""

    seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    whole: float = 0.0

    def share(self, percent: int) -> float:
        """The seconds within which ``percent`` of the answers came."""
        return quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


def ask_all(url: str, visitors: int, questions: int) -> Told:
    """Every visitor opens a page and asks once; then the clock starts, and all ask one question after the other."""
    told, opened = Told(), threading.Barrier(visitors + 1)

    def visit() -> None:
        with open_page(url) as send:
            first = Told()
            _timed(send, first)
            told.refused.extend(first.refused)
            opened.wait()
            for _ in range(questions):
                _timed(send, told)

    threads = [threading.Thread(target=visit) for _ in range(visitors)]
    for thread in threads:
        thread.start()
    opened.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    told.whole = time.perf_counter() - began
    return told


def _timed(send: Callable[[], Any], told: Told) -> None:
    began = time.perf_counter()
    try:
        send()
        told.seconds.append(time.perf_counter() - began)
    except (RuntimeError, OSError, HTTPException, StopIteration) as error:
        told.refused.append(str(error))


def beside_a_crowd(url: str, waiting: int) -> tuple[float, float]:
    """Seconds of an answer alone, and beside one visitor with ``waiting`` questions in the queue."""
    told = Told()
    with open_page(url) as send, httpx.Client(base_url=url.rstrip("/"), timeout=60) as page:
        send()
        _timed(send, told)
        entries = page.get("/config").json()["dependencies"]
        [analyze] = [entry["id"] for entry in entries if entry["api_name"] == "analyze"]
        visit = {"fn_index": analyze, "session_hash": secrets.token_hex(5)}
        [path] = page.post("/gradio_api/upload", files={"files": (PHOTO.name, PHOTO.read_bytes())}).json()
        question = visit | {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}, "", "gradcam", "", False]}
        with page.stream("GET", f"/gradio_api/heartbeat/{visit['session_hash']}"):  # whoever listens is not dismissed
            for _ in range(waiting):
                page.post("/gradio_api/queue/join", json=question).raise_for_status()
            _timed(send, told)
    if told.refused:
        raise RuntimeError(told.refused[0])
    alone, beside = told.seconds
    return alone, beside


def bare_rate() -> float:
    """Photos a second of two processes that do nothing but detector and bare pass, added up."""
    command = [sys.executable, "-c", BARE]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    workers: list[Any] = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for worker in workers:
        worker.stdout.readline()
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return sum(float(worker.communicate()[0]) for worker in workers)


def rows(told: Told, visitors: int, bare: float, alone: float, beside: float, waiting: int) -> list[Row]:
    """The lines of the table."""
    rate = len(told.seconds) / told.whole
    refused, ratio = len(told.refused), rate / bare
    return [
        Row(
            f"{visitors} visitors, one question each at a time: answered, refused",
            f"{len(told.seconds)}, {refused}",
            "0 refused",
            refused == 0,
        ),
        Row(
            "the same: half of the answers within, 95 % within",
            f"{told.share(50):.1f} s, {told.share(95):.1f} s",
            "-",
            True,
        ),
        Row(
            "the same: answers a second, of two bare processes",
            f"{ratio:.2f} x ({rate:.1f} / {bare:.1f})",
            ">= 0.85 x",
            ratio >= 0.85,
        ),
        Row(
            f"an answer beside a visitor with {waiting} waiting questions, alone",
            f"{beside:.2f} s, {alone:.2f} s",
            "one question of theirs more",
            beside < 4 * alone + 0.5,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--visitors", type=int, default=50, help="at once [50]")
    parser.add_argument("--questions", type=int, default=4, help="of each, one after the other [4]")
    parser.add_argument("--waiting", type=int, default=500, help="questions of the visitor with many [500]")
    parser.add_argument("--json", action="store_true", help="print every answer's seconds, too")
    options = parser.parse_args(arguments)
    with running_app() as (url, _):
        ask_all(url, 2, 2)  # the first ones wait for the libraries
        told = ask_all(url, options.visitors, options.questions)
        alone, beside = beside_a_crowd(url, options.waiting)
    if options.json:
        print(json.dumps({"seconds": told.seconds, "refused": told.refused}))
    print(as_markdown(rows(told, options.visitors, bare_rate(), alone, beside, options.waiting)))


if __name__ == "__main__":
    main()
