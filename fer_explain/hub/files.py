"""Writing a file so that it is either the old one or the new one, never half of either."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from safetensors import SafetensorError

from fer_explain.errors import FerError

# A full disk as Python, as torch.save and as safetensors report it.
_WRITE_ERRORS: Final = (OSError, RuntimeError, SafetensorError)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Calls ``write`` with a temporary neighbour of ``path``, flushes it to the disk and renames it.

    Raises:
        FerError: the disk is full or the folder cannot be written; an earlier file of that name is kept.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()  # takes the permissions a new file has here; safetensors would leave 0600
        mode = temporary.stat().st_mode
        write(temporary)
        temporary.chmod(mode)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except _WRITE_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise FerError(f"{path} could not be written ({reason}); the last good file is kept.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text with :func:`write_atomically`."""
    write_atomically(path, lambda temporary: _write_utf8(temporary, text))


def _write_utf8(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
