"""``fer-explain``, the command of an installed copy: the app, one photo, or a command of the training package.

fer-explain [--port PORT] [--checkpoints DIR_OR_HUB_ID ...]
fer-explain PHOTO [--model NAME] [--report OUT.html] [--json OUT.json]
fer-explain train|evaluate|publish|audit ...
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Final

from fer_explain.errors import FerError
from fer_explain.ui.shell.options import parse

COMMANDS: Final = "fer_explain.commands"  # the group of entry points in pyproject.toml
_EPILOG: Final = """also:
  fer-explain PHOTO ...     one photo, explained; see fer-explain PHOTO --help
  fer-explain COMMAND ...   {commands}; see fer-explain COMMAND --help"""


def main(argv: Sequence[str] | None = None) -> None:
    """The command line: a flag, or nothing, starts the app; a word is a command or else a photo.

    Raises:
        SystemExit: as the app, ``python -m fer_explain`` or the command ends.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    commands = entry_points(group=COMMANDS)
    if not arguments or arguments[0].startswith("-"):
        start_app(arguments, "fer-explain", _EPILOG.format(commands=", ".join(sorted(commands.names))))
    elif arguments[0] in commands.names:
        commands[arguments[0]].load()(arguments[1:])
    else:
        from fer_explain.__main__ import main as explain_photo

        explain_photo(arguments)


def start_app(argv: Sequence[str] | None = None, prog: str = "app.py", epilog: str | None = None) -> None:
    """Serves the page until it is interrupted; a mistake a person can make ends in one sentence.

    Raises:
        SystemExit: with that sentence, or as :func:`fer_explain.ui.shell.options.parse` ends.
    """
    options = parse(argv, prog=prog, epilog=epilog)
    from fer_explain.ui.shell.server import serve

    try:
        serve(options)
    except FerError as error:
        sys.exit(f"{prog}: {error}")
