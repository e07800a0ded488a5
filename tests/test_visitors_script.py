"""What the benchmarks send to the app: photos that differ, and checkpoints that are refused."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.memory import Load
from benchmarks.soak import hostile
from benchmarks.visitors import FRAME, LARGEST, SMALLEST, photo
from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import load_checkpoint


def test_photos_differ_in_size_and_content_and_are_the_same_each_time() -> None:
    photos = [photo(number) for number in range(12)]
    sizes = [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape for data in photos]
    assert len(set(sizes)) == len(set(photos)) == 12
    megapixels = [height * width / 1e6 for height, width, _ in sizes]
    assert SMALLEST * 0.99 < min(megapixels) < 0.5
    assert 4 < max(megapixels) < LARGEST * 1.01
    assert photo(3) == photos[3]
    assert photo(1, FRAME) != photo(2, FRAME)


def test_hostile_checkpoints_are_refused_soon(tmp_path: Path) -> None:
    for folder in hostile(tmp_path):
        began = time.monotonic()
        with pytest.raises(FerError):
            load_checkpoint(folder)
        assert time.monotonic() - began < 10, folder.name


class Process:
    """One whose resident set grows by a MB with each look."""

    def __init__(self) -> None:
        self.rss = 0

    def memory_info(self) -> Process:
        self.rss += 1 << 20
        return self


def test_growth_is_that_of_the_last_tenth_over_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import memory

    class Answered(Load):
        def __init__(self, _url: str, process: Process) -> None:
            self.pages, self.frames, self.sizes, self._process = 0, 0, [], process

        def load_all(self) -> int:
            return 13

        def send(self):
            while True:
                yield self._note()

    monkeypatch.setattr(memory, "Load", Answered)
    models, load, grown = memory.measure("", Process(), photos=100, warm=0.0)
    assert (models, len(load.sizes), grown) == (13, 100, 90)
