"""Minutes of everything at once against the running app: does its memory stay, and is everybody answered?

::

    python -m benchmarks.soak                 # five minutes
    python -m benchmarks.soak --seconds 60

Pages show photos, scripts ask, a camera runs, visitors leave without waiting, and somebody adds checkpoints that are
made to break the app. Every half minute a line with the resident set, what was answered, and what was refused.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from benchmarks.speed import running_app
from benchmarks.visitors import FRAME, App, Visitor, photo
from fer_explain.hub.folder import CONFIG, EMBEDDED, WEIGHTS

LINE: Final = 30.0  # seconds between two lines
QUIET: Final = 60.0  # seconds after the end, in which all that was left has to go
SOURCE: Final = "sequential_cnn_compact"
Act = Callable[[App, int], None]


class Soak:
    """Threads that each do one thing over and over, and what came of it.

    Attributes:
        told: by kind of visitor: how many were answered, refused because the queue was full, or failed.
        failures: the last sentence of each kind that failed.
    """

    def __init__(self, app: App, acts: Sequence[tuple[str, Act]]) -> None:
        self.told: Counter[tuple[str, str]] = Counter()
        self.failures: dict[str, str] = {}
        self._app = app
        self._numbers = count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=act, daemon=True) for act in acts]

    def start(self) -> None:
        """Lets them in."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Waits until each has finished what it was doing."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def line(self) -> str:
        """What came of it so far."""
        total: Counter[str] = Counter()
        for (_, how), times in self.told.items():
            total[how] += times
        return ", ".join(f"{total[how]:,} {how}" for how in ("answered", "refused", "failed"))

    def _go_on(self, kind: str, act: Act) -> None:
        while not self._over.is_set():
            try:
                act(self._app, next(self._numbers))
                self.told[kind, "answered"] += 1
            except httpx.HTTPStatusError as error:
                full = error.response.status_code == httpx.codes.SERVICE_UNAVAILABLE
                self._fail(kind, error, "refused" if full else "failed")
            except (httpx.HTTPError, RuntimeError, StopIteration) as error:
                self._fail(kind, error, "failed")

    def _fail(self, kind: str, error: Exception, how: str) -> None:
        self.told[kind, how] += 1
        self.failures[kind] = f"{type(error).__name__}: {error}"[:200]


def show(app: App, number: int) -> None:
    """A page shows a photo."""
    with Visitor(app) as visitor:
        told = visitor.show(photo(number))
        if "fer-error" in told:
            raise RuntimeError(told[:200])


def ask(app: App, number: int) -> None:
    """A script asks."""
    with Visitor(app) as visitor:
        visitor.analyze(photo(number))


def film(app: App, number: int) -> None:
    """A camera runs for ten frames."""
    with Visitor(app) as visitor:
        for step in range(10):
            visitor.film(photo(1_000_000 + 10 * number + step, FRAME))


def leave(app: App, number: int) -> None:
    """Somebody asks and goes."""
    with Visitor(app) as visitor:
        visitor.leave_early(photo(number))


def attack(folders: Sequence[Path]) -> Act:
    """Somebody adds checkpoints that are made to break the app; each has to be answered by an error's sentence."""

    def act(app: App, number: int) -> None:
        with Visitor(app) as visitor:
            folder = folders[number % len(folders)]
            if "fer-error" not in visitor.add(str(folder)):
                raise RuntimeError(f"{folder.name} was not refused")
        time.sleep(0.5)

    return act


def hostile(home: Path) -> Iterator[Path]:
    """Folders of checkpoints that claim too much, hang whoever reads them, or go on for ever."""
    config = json.loads((EMBEDDED / SOURCE / CONFIG).read_text(encoding="utf-8"))
    deep = '{"a":' * 200_000 + "1" + "}" * 200_000
    claims: dict[str, Any] = {
        "vast_input": config | {"input": config["input"] | {"size": 100_000}},
        "million_labels": config | {"label_names": [f"class {number}" for number in range(1_000_000)]},
        "vast_network": config | {"architecture": "resnet_compact", "model_args": {"width": 4096}},
        "deep": deep,
        "pipe": None,
    }
    for name, claim in claims.items():
        folder = home / name
        folder.mkdir()
        shutil.copy(EMBEDDED / SOURCE / WEIGHTS, folder)
        if claim is None:
            (folder / WEIGHTS).unlink()
            os.mkfifo(folder / WEIGHTS)
            claim = config
        text = claim if isinstance(claim, str) else json.dumps(claim)
        # The app does not read it before it is whole: it is added only afterwards.
        _ = (folder / CONFIG).write_bytes(text.encode())
        yield folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs it and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="how long (default 300)")
    options: Any = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home, running_app() as (url, _):
        [process] = psutil.Process().children()
        soak = Soak(
            App(url),
            [("page", show), ("page", show), ("script", ask), ("camera", film), ("goes away", leave),
             ("hostile checkpoint", attack([*hostile(Path(home))]))],
        )  # fmt: skip
        soak.start()
        start = time.monotonic()
        while (spent := time.monotonic() - start) < options.seconds:
            time.sleep(min(LINE, options.seconds - spent))
            print(f"{time.monotonic() - start:5.0f} s  {_megabytes(process)}  {soak.line()}", flush=True)
        soak.end()
        time.sleep(QUIET)
        print(f"{QUIET:5.0f} s later  {_megabytes(process)}")
    for (kind, how), times in sorted(soak.told.items()):
        print(f"{kind}: {times:,} {how}" + (f" ({soak.failures[kind]})" if how != "answered" else ""))


def _megabytes(process: psutil.Process) -> str:
    return f"{process.memory_info().rss / 2**20:,.0f} MB"


if __name__ == "__main__":
    main()
