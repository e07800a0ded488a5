"""Memory of the running app while many pages show it photos that differ in everything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from statistics import mean
from typing import Final

import psutil

from benchmarks.visitors import FRAME, App, Visitor, photo

WARM: Final = 60.0  # seconds of the same traffic before anything is measured: what a closed page leaves is gone by then
SHOWN: Final = 3  # photos that a page shows; it sends as many frames and asks as often by the programming interface
MEGA: Final = 2**20


class Load:
    """Pages that come and go, one after the other; the resident set of the app is read after every photo.

    Attributes:
        pages: that were opened.
        frames: of the live view.
        sizes: bytes of the resident set after each photo.
    """

    def __init__(self, url: str, process: psutil.Process) -> None:
        self.pages = 0
        self.frames = 0
        self.sizes: list[int] = []
        self._app = App(url)
        self._process = process
        self._numbers = count()

    def load_all(self) -> int:
        """Asks every model once; how many there are."""
        with Visitor(self._app) as visitor:
            names = visitor.models()
            for name in names:
                visitor.analyze(photo(next(self._numbers), FRAME), name)
        return len(names)

    def send(self) -> Iterator[None]:
        """Goes on as long as it is asked to, one photo at a time."""
        while True:
            self.pages += 1
            with Visitor(self._app) as visitor:
                for _ in range(SHOWN):
                    visitor.show(photo(next(self._numbers)))
                    yield self._note()
                    visitor.analyze(photo(next(self._numbers)))
                    yield self._note()
                    visitor.film(photo(next(self._numbers), FRAME))
                    self.frames += 1

    def _note(self) -> None:
        self.sizes.append(self._process.memory_info().rss)


def measure(url: str, process: psutil.Process, photos: int, warm: float = WARM) -> tuple[int, Load, float]:
    """Sends so many photos after a warm-up.

    Returns:
        how many models are loaded; what was sent after the warm-up; by how many MB the resident set grew from the first
        tenth of the photos to the last one.
    """
    load = Load(url, process)
    models, sending = load.load_all(), load.send()
    end = time.monotonic() + warm
    while time.monotonic() < end:
        next(sending)
    load.pages, load.frames = 0, 0
    load.sizes.clear()
    for _ in range(photos):
        next(sending)
    sending.close()
    tenth = max(1, photos // 10)
    return models, load, (mean(load.sizes[-tenth:]) - mean(load.sizes[:tenth])) / MEGA
