"""The command line. Imports nothing heavy, so that ``--help`` is quick."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOCAL = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
PORT = 7860


@dataclass(frozen=True, slots=True)
class Options:
    """How the app is started."""

    host: str = LOCAL
    port: int = PORT
    checkpoints: tuple[str, ...] = ()
    data: str | None = None


def parse(
    argv: Sequence[str] | None = None,
    environment: Mapping[str, str] = os.environ,
    *,
    prog: str = "app.py",
    epilog: str | None = None,
) -> Options:
    """Reads the command line; the environment stands in for flags that are not given.

    Args:
        argv: the arguments; None means those of this process.
        environment: ``GRADIO_SERVER_NAME`` is --host, ``GRADIO_SERVER_PORT`` --port, ``FER_EXPLAIN_DATA`` --data, and
            ``FER_EXPLAIN_CHECKPOINTS``, separated by commas or white space, --checkpoints.
        prog: what the program is called.
        epilog: what its help ends with.

    Raises:
        SystemExit: with status 2 and one sentence that names the flag, or 0 after ``--help``.
    """
    home = EVERYWHERE if environment.get("SPACE_ID") else LOCAL
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Facial emotion recognition that shows its work.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--host",
        default=environment.get("GRADIO_SERVER_NAME") or home,
        help="address to listen on: %(default)s; 0.0.0.0 lets other machines in",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=environment.get("GRADIO_SERVER_PORT") or str(PORT),
        help="port to listen on: %(default)s",
    )
    parser.add_argument(
        "--checkpoints",
        nargs="+",
        default=environment.get("FER_EXPLAIN_CHECKPOINTS", "").replace(",", " ").split(),
        metavar="DIR_OR_HUB_ID",
        help="checkpoints beside the embedded ones: folders, or Hub ids such as org/name@revision "
        "(without it: FER_EXPLAIN_CHECKPOINTS)",
    )
    parser.add_argument(
        "--data",
        default=environment.get("FER_EXPLAIN_DATA") or None,
        metavar="DIR_OR_HUB_ID",
        help="your copy of FER2013, whose faces the Benchmark tab shows: a folder with test-*.parquet, or a Hub id",
    )
    chosen = parser.parse_args(argv)
    return Options(chosen.host, chosen.port, tuple(chosen.checkpoints), chosen.data)


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is no port; expected a whole number from 1 to 65535")
