"""Builds the app and launches it.

python app.py [--host ADDRESS] [--port PORT] [--checkpoints DIR_OR_HUB_ID ...] [--data DIR_OR_HUB_ID]
"""

from __future__ import annotations

import sys

from fer_explain.errors import FerError
from fer_explain.ui.shell.options import parse


def main() -> None:
    """The command line."""
    options = parse()
    from fer_explain.ui.shell.server import serve

    try:
        serve(options)
    except FerError as error:
        sys.exit(f"app.py: {error}")


if __name__ == "__main__":
    main()
