"""How every command ends: a person's mistake in one sentence and status 2, Ctrl-C quietly with status 130."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from fer_explain.errors import FerError

P = ParamSpec("P")
R = TypeVar("R")


def command(main: Callable[P, R]) -> Callable[P, R]:
    """Decorates the ``main`` of a command."""

    @wraps(main)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return main(*args, **kwargs)
        except FerError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt as stop:
            print(str(stop) or "stopped; what was written is kept", file=sys.stderr)
            sys.exit(130)

    return wrapped
