"""Reads ``disturbed.json`` of a checkpoint folder: how its network does under the suite of disturbances."""

from __future__ import annotations

import json
from pathlib import Path

from fer_explain.benchmark.disturbed import Disturbed
from fer_explain.errors import FerError
from fer_explain.hub.folder import DISTURBED


def read_disturbed(folder: Path) -> Disturbed | None:
    """What lies in a checkpoint folder; None where it was not measured.

    Raises:
        FerError: the file is not what ``training.evaluate --disturbed`` writes.
    """
    path = folder / DISTURBED
    if not path.is_file():
        return None
    try:
        return Disturbed.from_dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FerError(f"{path} is not what training.evaluate --disturbed writes: {error}.") from error
