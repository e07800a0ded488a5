"""The files that lie beside the code of the page: its styles, scripts and texts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import fer_explain.ui as ui

HOME: Final = Path(ui.__file__).parent


def files(name: str) -> list[Path]:
    """All files of that name or pattern, in every folder of the page: the shell's first, then by their paths."""
    found = [(path.relative_to(home), path) for home in map(Path, ui.__path__) for path in home.rglob(name)]
    return [path for relative, path in sorted(found, key=lambda one: (one[0].parts[0] != "shell", one[0]))]


def script(name: str) -> str:
    """A script such as ``"live/live.js"``, as the ``js_on_load`` of a gr.HTML."""
    return (HOME / name).read_text(encoding="utf-8")
