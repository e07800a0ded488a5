"""Uploads a finished checkpoint folder, with its model card, to a private repository on the Hugging Face Hub.

    python -m training.publish runs/mine ORG/NAME

The token is the one that ``hf auth login`` stored. An upload that broke off goes on when the command is repeated.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from fer_explain.hub.publish import publish
from training.manners import command


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.publish", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="the checkpoint folder")
    parser.add_argument("repo", metavar="ORG/NAME", help="the repository; created when there is none")
    parser.add_argument("--public", action="store_true", help="create the repository visible to everybody")
    options = parser.parse_args(arguments)
    print(f"published as {publish(options.folder, options.repo, private=not options.public)}")


if __name__ == "__main__":
    main()
