"""The table of many visitors at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks import load
from benchmarks.load import Told, ask_all, rows


def test_every_visitor_asks_one_question_after_the_other_and_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, most = [0], [0]
    lock = threading.Lock()

    @contextmanager
    def page(_url: str) -> Iterator[object]:
        own = [0]

        def send() -> None:
            with lock:
                own[0] += 1
                assert own[0] == 1
                busy[0] += 1
                most[0] = max(most[0], busy[0])
            time.sleep(0.05)
            with lock:
                own[0] -= 1
                busy[0] -= 1

        yield send

    monkeypatch.setattr(load, "open_page", page)
    told = ask_all("", 6, 3)
    assert len(told.seconds) == 18
    assert not told.refused
    assert most[0] == 6
    assert 0.15 <= told.whole < 2


def test_what_is_refused_is_counted_and_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def page(_url: str) -> Iterator[object]:
        def send() -> None:
            raise RuntimeError("Queue is full")

        yield send

    monkeypatch.setattr(load, "open_page", page)
    told = ask_all("", 2, 2)
    assert told.refused == ["Queue is full"] * 6  # those of the opening count, too
    assert told.seconds == []


def test_the_table_says_what_was_kept() -> None:
    told = Told([0.1 * number for number in range(1, 102)], [], whole=10.1)
    kept = rows(told, 50, bare=11, alone=0.1, beside=0.3, waiting=500)
    assert all(row.within for row in kept)
    assert kept[1].measured == "5.1 s, 9.6 s"
    assert kept[2].measured == "0.91 x (10.0 / 11.0)"
    late = rows(Told(told.seconds, ["Queue is full"], whole=20), 50, bare=11, alone=0.1, beside=9.0, waiting=500)
    assert [row.within for row in late] == [False, True, False, False]
