"""A client that goes away ends the work for it; a file stays until the question about it had its turn."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from starlette.middleware import Middleware

from fer_explain.explain.turns import FairLock
from fer_explain.ui.shell.endpoints import endpoint
from fer_explain.ui.shell.memory import PATIENCE as PATIENCE_OF_A_QUESTION
from fer_explain.ui.shell.memory import UNHEARD, Memory, Presence
from fer_explain.ui.shell.uploads import LIFE

PATIENCE = 60.0  # seconds of work that nobody stops


@contextmanager
def offered(function: Callable[[], list[str]]) -> Iterator[tuple[httpx.Client, Any]]:
    """A running app with that endpoint, which forgets as the real one does: somebody who asks it, and its page."""
    memory = Memory()
    with gr.Blocks() as blocks:
        endpoint(function)
    blocks.queue()
    app_kwargs = {"lifespan": memory.lifespan, "middleware": [Middleware(Presence, memory=memory)]}
    _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, app_kwargs=app_kwargs)
    try:
        with httpx.Client(base_url=f"{url}gradio_api", timeout=PATIENCE) as client:
            yield client, blocks
    finally:
        blocks.close()


@pytest.fixture
def work() -> Iterator[SimpleNamespace]:
    """A running app that offers long work, and what became of that."""
    told = SimpleNamespace(begun=threading.Event(), ended=threading.Event())

    def long_work() -> list[str]:
        """Works in many turns."""
        lock, until = FairLock(), time.monotonic() + PATIENCE
        try:
            while time.monotonic() < until:
                with lock:
                    told.begun.set()
                    time.sleep(0.02)
            return ["done"]
        finally:
            told.ended.set()

    with offered(long_work) as (told.client, _):
        yield told


def test_work_ends_within_a_second_when_its_client_leaves(work: SimpleNamespace) -> None:
    event = work.client.post("/call/long_work", json={"data": []}).json()["event_id"]
    with work.client.stream("GET", f"/call/long_work/{event}"):
        assert work.begun.wait(PATIENCE)
        assert not work.ended.is_set()
    left = time.monotonic()
    assert work.ended.wait(PATIENCE)
    assert time.monotonic() - left < 1


def test_questions_that_nobody_listens_for_are_dropped_and_others_stay() -> None:
    names = {"page": "page-1", "script": "lost", "asked": "gone-1", "young": "new-1"}
    long_ago = time.monotonic() - PATIENCE_OF_A_QUESTION - 1
    events = {
        name: SimpleNamespace(_id=name, session_hash=session, enqueue_time=long_ago, alive=True)
        for name, session in names.items()
    }
    events["young"].enqueue_time = time.monotonic()
    dropped: list[str] = []

    async def clean_events(*, event_id: str) -> None:
        dropped.append(event_id)

    told: list[str] = []
    queue = SimpleNamespace(
        event_ids_to_events=events,
        clean_events=clean_events,
        pending_messages_per_session={"lost": None},  # Gradio has thrown the others' away
        send_message=lambda event, _message: told.append(event._id),
    )
    memory = Memory()

    async def listen(_scope: object, _receive: object, _send: object) -> None:
        await memory.dismiss(SimpleNamespace(get_blocks=lambda: SimpleNamespace(_queue=queue)))

    async def with_listeners() -> None:
        call = {"type": "http", "method": "GET", "path": "/gradio_api/call/analyze/script"}
        data = {
            "type": "http",
            "method": "GET",
            "path": "/gradio_api/queue/data",
            "query_string": b"session_hash=page-1",
        }
        asking = {"type": "http", "method": "POST", "path": "/gradio_api/call/asked"}  # listens for nothing
        inner = Presence(Presence(listen, memory), memory)  # type: ignore[arg-type]
        await Presence(lambda *_: inner(data, None, None), memory)(call, None, None)  # type: ignore[arg-type]
        assert dropped == ["asked"]
        assert not memory.listeners
        await Presence(listen, memory)(asking, None, None)  # type: ignore[arg-type]
        assert dropped == ["asked", "page", "script", "asked"]
        assert told == ["script"]

    with ThreadPoolExecutor(1) as pool:  # the browser of other tests keeps this thread's event loop running
        pool.submit(asyncio.run, with_listeners()).result()


def test_a_crowd_that_asks_and_leaves_does_not_hold_up_who_stays() -> None:
    asked: list[str] = []

    def quick_work() -> list[str]:
        """Takes a moment."""
        asked.append("")
        time.sleep(0.5)
        return ["done"]

    with offered(quick_work) as (client, _):
        for _ in range(200):  # 50 seconds of work for two at once
            client.post("/call/quick_work", json={"data": []}).raise_for_status()
        began = time.monotonic()
        event = client.post("/call/quick_work", json={"data": []}).json()["event_id"]
        with client.stream("GET", f"/call/quick_work/{event}") as told:
            assert any('"done"' in line for line in told.iter_lines())
        assert time.monotonic() - began < 20
        assert len(asked) < 100


def test_who_fetches_the_answer_to_a_dropped_question_is_told_so_at_once() -> None:
    may_end = threading.Event()

    def long_work() -> list[str]:
        """Takes as long as the test wants."""
        may_end.wait(PATIENCE)
        return ["done"]

    with offered(long_work) as (client, blocks):
        ask = {"data": [], "session_hash": "one"}
        events = [client.post("/call/long_work", json=ask).json()["event_id"] for _ in range(3)]  # two at once
        for event in [*blocks._queue.event_ids_to_events.values()]:
            event.enqueue_time -= PATIENCE_OF_A_QUESTION
        until = time.monotonic() + PATIENCE
        while len(blocks._queue.event_ids_to_events) > 2 and time.monotonic() < until:
            time.sleep(0.05)
        told = client.get(f"/call/long_work/{events[-1]}").text  # ends by itself
        may_end.set()
        assert told.count(UNHEARD) == 3


def test_a_file_stays_while_a_question_about_it_waits(tmp_path: Path) -> None:
    asked, other = tmp_path / "asked.jpg", tmp_path / "other.jpg"
    for path in (asked, other):
        path.write_bytes(b"a face")
        os.utime(path, (0, time.time() - LIFE - 1))
    event = SimpleNamespace(data=SimpleNamespace(data=[{"path": str(asked)}, "", None]))
    queue = SimpleNamespace(event_ids_to_events={"waiting": event, "empty": SimpleNamespace(data=None)})
    blocks = SimpleNamespace(_queue=queue, temp_file_sets=[])
    app = SimpleNamespace(uploaded_file_dir=tmp_path, get_blocks=lambda: blocks)
    memory = Memory()
    memory._clean(app)
    assert asked.is_file()
    assert not other.exists()
    queue.event_ids_to_events.clear()
    memory._clean(app)
    assert not asked.exists()
