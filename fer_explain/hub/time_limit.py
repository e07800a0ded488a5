"""A time within which a stranger's checkpoint has to be there: what loads it looks at the clock between its steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from fer_explain.errors import FerError

_end: Final[ContextVar[float]] = ContextVar("end", default=float("inf"))  # of each thread for itself


class OutOfTime(Exception):  # noqa: N818
    """Raised between two steps when the time is over."""


@contextmanager
def time_limit(what: str, seconds: float) -> Iterator[None]:
    """What is done in the block has to be done within ``seconds``; a limit around this one holds as well.

    Raises:
        FerError: it was not; the sentence names ``what``.
    """
    around = _end.get()
    token = _end.set(min(around, time.monotonic() + seconds))
    try:
        yield
        check_time()
    except OutOfTime:
        if time.monotonic() > around:
            raise
        raise FerError(f"'{what}' could not be loaded within {seconds:.0f} seconds, so it was given up.") from None
    finally:
        _end.reset(token)


def check_time() -> None:
    """Raises :class:`OutOfTime` where the time of the nearest :func:`time_limit` is over."""
    if time.monotonic() > _end.get():
        raise OutOfTime
