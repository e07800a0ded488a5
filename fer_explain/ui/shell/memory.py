"""What the server remembers of a page, and when it forgets it.

While a page is open it remembers, and nothing else of a visitor is held anywhere:

* its session (:class:`~fer_explain.ui.shell.session.Session`): the last photo, its faces, what is known about one;
* on the Compare tab the same face and what each model said, in the studio and the lab the last experiment;
* what stands on the page, of which Gradio keeps a copy: pictures as addresses that hold them;
* answers that wait to be fetched.

All of it goes :data:`GRACE` seconds after the page was closed (a heartbeat that only broke is back by then; where the
connection breaks during an answer, Gradio loads the page anew), and :data:`KEPT` seconds after it was last used where
it stays open. Who asks without a page, by the programming interface, is forgotten like a closed page. A question that
nobody listens for any more is dropped after :data:`PATIENCE` seconds, so that those who ask and leave keep nobody
waiting. Uploaded files go with the clock of :mod:`~fer_explain.ui.shell.uploads`, but not before the question about
them is answered.

Upstream defect, https://github.com/gradio-app/gradio/issues/11009: Gradio keeps a closed page's state for an hour, and
what stood on it until 10,000 other pages have come. Test: test_closed_page_is_remembered.

Upstream defect, no issue found: it answers a question that nobody listens for; one is dropped only where somebody
listened and stopped. Test: test_question_is_answered_although_nobody_listens.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from gradio.server_messages import ProcessCompletedMessage
from starlette.types import ASGIApp, Receive, Scope, Send

from fer_explain.ui.shell.allocator import trim
from fer_explain.ui.shell.context import KEPT
from fer_explain.ui.shell.endpoints import CALL
from fer_explain.ui.shell.state_holder import Holder
from fer_explain.ui.shell.uploads import LIFE, clear

if TYPE_CHECKING:
    from gradio.routes import App

GRACE: Final = 15.0  # seconds
SWEEP: Final = 5.0  # seconds between two looks
PATIENCE: Final = 5.0  # seconds that a question waits for somebody who listens for its answer
UNHEARD: Final = f"Nobody listened for the answer within {PATIENCE:.0f} seconds. Ask again, and fetch it at once."
LOOK: Final = 2.0  # seconds between two looks for such questions
_HEARTBEAT: Final = "/heartbeat/"  # an open page holds a connection to this address and its session's name
_ANSWERS: Final = "/queue/data"  # here it listens for answers, by its session's name


class Memory:
    """Forgets what nobody looks at any more.

    Args:
        kept: seconds after its last use in which an open page is remembered.
        grace: the same for a closed one.
        life: of an uploaded file, in seconds.
        sweep: seconds between two looks.
    """

    def __init__(self, kept: float = KEPT, grace: float = GRACE, life: float = LIFE, sweep: float = SWEEP) -> None:
        self.pages: Counter[str] = Counter()  # connections of open pages, by session
        self.listeners: Counter[str] = Counter()  # all connections that wait for something, by session or question
        self._kept = kept
        self._grace = grace
        self._life = life
        self._sweep = sweep
        self._noticed: dict[str, float] = {}  # sessions of which Gradio does not know when they were used

    @asynccontextmanager
    async def lifespan(self, app: App) -> AsyncIterator[None]:
        """Holds little of each session, and sweeps as long as the server runs."""

        async def sweep() -> None:
            while True:
                await asyncio.sleep(self._sweep)
                if self.forget(app):
                    gc.collect()  # a failure's traceback, which holds pictures, may be part of a circle
                await asyncio.to_thread(self._clean, app)

        async def look() -> None:
            while True:
                await asyncio.sleep(LOOK)
                await self.dismiss(app)

        app.state_holder = Holder(self.pages)
        app.state_holder.set_blocks(app.get_blocks())
        tasks = [asyncio.create_task(work()) for work in (sweep, look)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def dismiss(self, app: App) -> None:
        """Drops the questions that nobody listens for."""
        queue, now = app.get_blocks()._queue, time.monotonic()
        for event in [*queue.event_ids_to_events.values()]:
            heard = self.listeners[event.session_hash] or self.listeners[event._id]
            if not heard and event.alive and now - event.enqueue_time > PATIENCE:
                # For who comes yet; without an end, what listens to this session would never be told that all is said.
                if event.session_hash in queue.pending_messages_per_session:
                    queue.send_message(event, ProcessCompletedMessage(output={"error": UNHEARD}, success=False))
                await queue.clean_events(event_id=event._id)

    def forget(self, app: App) -> list[str]:
        """Drops everything about the sessions whose time has come, and says which; in the server's own thread."""
        holder, blocks = app.state_holder, app.get_blocks()
        queue = blocks._queue
        known = {*holder.session_data, *queue.pending_messages_per_session, *queue.pending_event_ids_session}
        working = {event.session_hash for event in [*queue.event_ids_to_events.values()]}
        self._noticed = {name: since for name, since in self._noticed.items() if name in known}
        over = [name for name in known - working if self._idle(holder, name) > self._patience(name)]
        for name in over:
            with holder.lock:
                holder.session_data.pop(name, None)
                holder.time_last_used.pop(name, None)
            for kept in (queue.pending_messages_per_session, queue.pending_event_ids_session, blocks.pending_streams):
                kept.pop(name, None)
        return over

    def _patience(self, name: str) -> float:
        return self._kept if self.pages[name] > 0 else self._grace

    def _idle(self, holder: Any, name: str) -> float:
        """Seconds since a session was last used."""
        used = holder.time_last_used.get(name)
        if used is not None:
            return float((datetime.now() - used).total_seconds())
        return time.monotonic() - self._noticed.setdefault(name, time.monotonic())

    def _clean(self, app: App) -> None:
        blocks = app.get_blocks()
        clear(Path(app.uploaded_file_dir), self._life, _asked_about(blocks._queue))
        for names in blocks.temp_file_sets:
            names -= {name for name in [*names] if not Path(name).exists()}
        trim()


def _asked_about(queue: Any) -> set[Path]:
    """The files of the questions that wait or are being answered."""
    questions = [event.data.data for event in [*queue.event_ids_to_events.values()] if event.data is not None]
    values = [value for question in questions for value in question if isinstance(value, dict)]
    return {Path(value["path"]) for value in values if value.get("path")}


class Presence:
    """ASGI middleware: notes which pages are open, and who listens for answers."""

    def __init__(self, app: ASGIApp, memory: Memory) -> None:
        self._app = app
        self._memory = memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        name, page = _listener(scope)
        counters = [self._memory.listeners, *([self._memory.pages] if page else [])] if name else []
        for counter in counters:
            counter[name] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            for counter in counters:
                counter[name] -= 1
                if not counter[name]:
                    del counter[name]


def _listener(scope: Scope) -> tuple[str, bool]:
    """What a connection listens for, a session or a question, or nothing; and whether it is an open page's."""
    path = str(scope.get("path", ""))
    if _HEARTBEAT in path:
        return path.rpartition("/")[2], True
    if path.endswith(_ANSWERS):
        return parse_qs(scope.get("query_string", b"").decode()).get("session_hash", [""])[0], False
    return (path.rpartition("/")[2] if CALL in path and scope.get("method") == "GET" else ""), False
