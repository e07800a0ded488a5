import asyncio
import sys
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from fer_explain.ui.shell import libraries
from fer_explain.ui.shell.libraries import EventsWait, Libraries


def run(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: a browser that another test opened keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def answered(loaded: Libraries, method: str) -> list[str]:
    """What an app behind the middleware is asked within a moment, and what after the libraries are there."""
    told = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        told.append("answered")

    async def ask() -> None:
        scope: dict[str, Any] = {"type": "http", "method": method}
        asked = asyncio.ensure_future(EventsWait(app, loaded)(scope, None, None))  # type: ignore[arg-type]
        await asyncio.sleep(3 * libraries.STEP)
        told.append("loaded")
        loaded.load()
        await asked

    run(ask())
    return told


@pytest.fixture
def two_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "LIBRARIES", ("this", "numpy"))


@pytest.mark.usefixtures("two_libraries")
def test_only_events_wait_for_the_libraries() -> None:
    assert answered(Libraries(), "POST") == ["loaded", "answered"]
    assert "this" in sys.modules
    assert answered(Libraries(), "GET") == ["answered", "loaded"]


def test_a_library_that_is_missing_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "LIBRARIES", ("no_such_library",))
    missing = Libraries()
    with pytest.raises(ModuleNotFoundError):
        missing.load()
    run(asyncio.wait_for(missing.wait(), 1))


def test_files_do_not_wait_and_a_page_hears_how_far_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "LIBRARIES", ("this", "numpy"))
    loaded, told = Libraries(), []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        told.append(scope["path"])

    async def send(message: Any) -> None:
        told.append(message.get("body", b""))

    async def ask() -> None:
        waiting = EventsWait(app, loaded)
        await waiting({"type": "http", "method": "POST", "path": "/gradio_api/upload"}, None, None)  # type: ignore[arg-type]
        await waiting({"type": "http", "method": "GET", "path": libraries.ADDRESS}, None, send)  # type: ignore[arg-type]
        loaded.load()
        await waiting({"type": "http", "method": "GET", "path": libraries.ADDRESS}, None, send)  # type: ignore[arg-type]

    run(ask())
    assert told == ["/gradio_api/upload", b"", b'{"share":0.0}', b"", b'{"share":1.0}']


def test_they_are_imported_at_once_when_a_page_asks_and_else_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "GRACE", 60)
    asked = Libraries()
    asked.load()
    run(asked.wait())
    began = time.monotonic()
    asked.wait_until_needed()
    assert time.monotonic() - began < 30, "a page has asked"
    monkeypatch.setattr(libraries, "GRACE", 0.2)
    began = time.monotonic()
    Libraries().wait_until_needed()
    assert 0.2 <= time.monotonic() - began < 30, "nobody has asked"
