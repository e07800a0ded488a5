"""Which sessions the server drops, and which it keeps."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from fer_explain.ui.shell import allocator
from fer_explain.ui.shell.memory import GRACE, SWEEP, Memory, Presence
from fer_explain.ui.shell.uploads import LIFE


def app_with(ages: dict[str, float], working: tuple[str, ...] = (), waiting: tuple[str, ...] = ()) -> SimpleNamespace:
    """What Gradio holds: sessions by the seconds since their last use, those at work, those with answers to fetch."""
    now = datetime.now()
    holder = SimpleNamespace(
        lock=threading.Lock(),
        session_data=OrderedDict.fromkeys(ages, "photo"),
        time_last_used={name: now - timedelta(seconds=age) for name, age in ages.items()},
    )
    queue = SimpleNamespace(
        pending_messages_per_session=dict.fromkeys([*ages, *waiting], "picture"),
        pending_event_ids_session={name: {"event"} for name in working},
        event_ids_to_events={name: SimpleNamespace(session_hash=name) for name in working},
    )
    blocks = SimpleNamespace(_queue=queue, pending_streams={})
    return SimpleNamespace(state_holder=holder, get_blocks=lambda: blocks)


def test_closed_pages_go_after_the_grace_and_open_ones_after_half_an_hour_unless_they_work() -> None:
    memory = Memory()
    memory.pages.update(["open", "idle"])
    ages = {"open": 100, "idle": 1801, "closed": GRACE + 1, "just closed": GRACE - 5, "at work": 9999}
    app = app_with(ages, working=("at work",))
    assert sorted(memory.forget(app)) == ["closed", "idle"]
    assert set(app.state_holder.session_data) == {"open", "just closed", "at work"}
    assert set(app.state_holder.time_last_used) == {"open", "just closed", "at work"}
    assert set(app.get_blocks()._queue.pending_messages_per_session) == {"open", "just closed", "at work"}


def test_answers_that_nobody_fetches_go_too() -> None:
    memory, app = Memory(grace=-1.0), app_with({}, waiting=("gone",))
    assert memory.forget(app) == ["gone"]
    assert not app.get_blocks()._queue.pending_messages_per_session


def test_a_page_is_open_as_long_as_one_of_its_connections_is() -> None:
    memory, seen = Memory(), []

    async def inner(_scope: object, _receive: object, _send: object) -> None:
        seen.append(dict(memory.pages))
        if len(seen) == 1:
            await Presence(inner, memory)(scope, None, None)
            seen.append(dict(memory.pages))
            raise asyncio.CancelledError

    scope = {"type": "http", "path": "/gradio_api/heartbeat/abc"}
    # The browser of other tests keeps this thread's event loop running.
    with ThreadPoolExecutor(1) as pool, pytest.raises(asyncio.CancelledError):
        pool.submit(asyncio.run, Presence(inner, memory)(scope, None, None)).result()
    assert seen == [{"abc": 1}, {"abc": 2}, {"abc": 1}]
    assert not memory.pages


def test_the_two_minutes_that_the_page_promises_are_kept() -> None:
    assert LIFE + 2 * SWEEP <= 120


def test_memory_is_given_back_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    library = SimpleNamespace(
        mallopt=lambda option, value: called.append((option, value)), malloc_trim=lambda rest: called.append(rest)
    )
    monkeypatch.setattr(allocator, "_glibc", lambda: library)
    allocator.settle()
    allocator.trim()
    assert [option for option, _ in called[:-1]] == [-8, -3, -1]  # of malloc.h: arenas, mapped blocks, trimming
    assert called[-1] == 0
    monkeypatch.setattr(allocator, "_glibc", lambda: None)
    allocator.settle()  # elsewhere nothing happens
    allocator.trim()
    assert len(called) == 4
