"""A client that goes away ends the work for it; a file stays until the question about it had its turn."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest

from fer_explain.explain.turns import FairLock
from fer_explain.ui.shell.endpoints import endpoint
from fer_explain.ui.shell.memory import Memory
from fer_explain.ui.shell.uploads import LIFE

PATIENCE = 60.0  # seconds of work that nobody stops


@pytest.fixture
def work() -> Iterator[SimpleNamespace]:
    """A running app that offers long work, and what became of that."""
    told = SimpleNamespace(begun=threading.Event(), ended=threading.Event(), url="")

    def long_work() -> str:
        """Works in many turns."""
        lock, until = FairLock(), time.monotonic() + PATIENCE
        try:
            while time.monotonic() < until:
                with lock:
                    told.begun.set()
                    time.sleep(0.02)
            return "done"
        finally:
            told.ended.set()

    with gr.Blocks() as blocks:
        endpoint(long_work)
    blocks.queue()
    _, told.url, _ = blocks.launch(prevent_thread_lock=True, quiet=True)
    yield told
    blocks.close()


def test_work_ends_within_a_second_when_its_client_leaves(work: SimpleNamespace) -> None:
    with httpx.Client(base_url=f"{work.url}gradio_api", timeout=PATIENCE) as client:
        event = client.post("/call/long_work", json={"data": []}).json()["event_id"]
        with client.stream("GET", f"/call/long_work/{event}"):
            assert work.begun.wait(PATIENCE)
            assert not work.ended.is_set()
    left = time.monotonic()
    assert work.ended.wait(PATIENCE)
    assert time.monotonic() - left < 1


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
