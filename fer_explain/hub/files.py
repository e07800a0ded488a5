"""Writing a file so that it is either the old one or the new one, never half of either."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from fer_explain.errors import FerError


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Calls ``write`` with a temporary neighbour of ``path``, flushes it to the disk and renames it.

    Raises:
        FerError: the disk is full or the folder cannot be written; an earlier file of that name is kept.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FerError(
            f"{path} could not be written ({error.strerror or error}); the last good file is kept."
        ) from error


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text with :func:`write_atomically`."""
    write_atomically(path, lambda temporary: _write_utf8(temporary, text))


def _write_utf8(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
