"""Builds the app and launches it.

python app.py [--host ADDRESS] [--port PORT] [--checkpoints DIR_OR_HUB_ID ...] [--data DIR_OR_HUB_ID]
"""

from __future__ import annotations

import os
from pathlib import Path

from fer_explain.command import start_app


def main() -> None:
    """The command line. A Space has none: spaces/build.py writes which checkpoints it loads into a file beside this."""
    listed = Path(__file__).with_name("checkpoints.txt")
    if listed.is_file():
        os.environ.setdefault("FER_EXPLAIN_CHECKPOINTS", listed.read_text(encoding="utf-8"))
    start_app(prog="app.py")


if __name__ == "__main__":
    main()
