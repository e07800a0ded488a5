"""Which weights a checkpoint has: what was computed with others does not hold for it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fer_explain.errors import FerError
from fer_explain.hub.folder import WEIGHTS


def weights_fingerprint(folder: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a checkpoint's model.safetensors.

    Raises:
        FerError: the file cannot be read.
    """
    path = folder / WEIGHTS
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror}.") from error
