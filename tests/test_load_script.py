"""The table of many visitors at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks import load
from benchmarks.load import Told, ask_all, rows


def test_every_visitor_asks_one_question_after_the_other_and_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question is answered only while all six visitors ask one: fewer at once would break the barrier."""
    together, asked = threading.Barrier(6), []

    @contextmanager
    def page(_url: str) -> Iterator[object]:
        own = threading.Lock()

        def send() -> None:
            with own:
                asked.append(threading.get_ident())
                together.wait(60)

        yield send

    monkeypatch.setattr(load, "open_page", page)
    told = ask_all("", 6, 3)
    assert not told.refused
    assert len(told.seconds) == 18  # the questions that open the pages are not among them
    assert sorted(Counter(asked).values()) == [4] * 6
    assert max(told.seconds) <= told.whole


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
