"""How long work shares what it works with: a fair lock, and steps after which it can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from queue import SimpleQueue
from typing import TypeVar

_Result = TypeVar("_Result")
_wanted: ContextVar[Callable[[], bool]] = ContextVar("wanted", default=lambda: True)


class Stopped(Exception):  # noqa: N818
    """Raised inside the work, at its next report or turn, when nobody waits for it any more."""


class FairLock:
    """A re-entrant lock in which nobody who comes back overtakes those who wait.

    Long work gives its lock back between two steps; with a plain lock it would nearly always have it again before
    anyone else wakes up. Nor does work get it back for which nobody waits any more, see :func:`while_wanted`.
    """

    def __init__(self) -> None:
        self._door = threading.Lock()  # held by the first in the queue
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._owner != me:
            if not _wanted.get()():
                raise Stopped
            with self._door:
                self._lock.acquire()
            self._owner = me
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()


@contextmanager
def while_wanted(wanted: Callable[[], bool]) -> Iterator[None]:
    """What runs inside, in this thread, ends with :class:`Stopped` at its next turn once nobody wants it any more."""
    token = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(token)


def in_steps(work: Callable[[Callable[[float], None]], _Result]) -> Generator[float, None, _Result]:
    """Runs work in a thread of its own.

    Libraries that compute in loops of their own cannot yield; they can be made to call a function now and then.

    Args:
        work: gets the function to report the share (0..1) that is done with, and passes on what that raises.

    Yields:
        Each share that the work reports.

    Returns:
        What the work returns; its exceptions come out here as well. Closing the generator ends the work at its next
        report and waits for that, so that nothing goes on behind the caller's back.
    """
    told: SimpleQueue[float | None] = SimpleQueue()
    stopped = threading.Event()
    results: list[_Result] = []
    errors: list[BaseException] = []

    def report(share: float) -> None:
        if stopped.is_set():
            raise Stopped
        told.put(share)

    def run() -> None:
        try:
            results.append(work(report))
        except BaseException as error:  # handed to whoever waits
            errors.append(error)
        finally:
            told.put(None)

    worker = threading.Thread(target=run, name="explanation", daemon=True)
    worker.start()
    try:
        while (share := told.get()) is not None:
            yield share
    finally:
        stopped.set()
        worker.join()
    if errors:
        raise errors.pop()  # an error in a list of its own frame would live, and keep the face, until a collection
    return results[0]
