"""Assembles the exact tree of a Hugging Face Space repository and, when asked, publishes it.

    python spaces/build.py OUTPUT [--push ORG/NAME]
    python spaces/build.py --static OUTPUT [--checkpoints NAME ...]

The Space runs the same files with the same requirements as a laptop does; only README.md differs, because there it
carries the Space's settings. ``--push`` makes the Space repository equal to OUTPUT; the token is the one that
``hf auth login`` stored. ``--static`` builds the site that runs in the visitor's browser alone (:mod:`static_site`).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTENT = {
    "spaces/README.md": "README.md",
    "LICENSE": "LICENSE",
    "requirements.txt": "requirements.txt",
    "app.py": "app.py",
    "fer_explain": "fer_explain",
    "checkpoints": "checkpoints",
    "results": "results",
}
# The export is a command with packages of its own, which a Space neither runs nor installs.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "export")


def build(output: Path) -> None:
    """Copies the Space's files into ``output``, which is created when missing.

    Raises:
        FileExistsError: ``output`` is a file or holds something already.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise FileExistsError(f"'{output}' is not an empty folder; name an empty or a new one.")
    output.mkdir(parents=True, exist_ok=True)
    for source, target in CONTENT.items():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, output / target, ignore=LEFT_OUT)
        else:
            shutil.copyfile(ROOT / source, output / target)


def push(folder: Path, repo: str) -> str:
    """Makes the Space ``repo`` ("org/name", created private when new) hold exactly ``folder``; returns its address.

    Raises:
        ConnectionError: nobody is logged in, or the Hub is out of reach or refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]

    api = HfApi()
    try:
        url = api.create_repo(repo, repo_type="space", space_sdk="gradio", private=True, exist_ok=True)
        api.upload_folder(folder_path=folder, repo_id=repo, repo_type="space", delete_patterns="*")
    except (HTTPError, HFValidationError, OSError) as error:
        raise ConnectionError(f"'{repo}' could not be published: {error}") from error
    return str(url)


def _build_static(output: Path, names: Sequence[str]) -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "spaces")]  # which is no package, see the README's tree
    from static_site import build_static

    build_static(output, names)
    print(f"The static site is in {output}; serve it with: python -m http.server --directory {output}")


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Assemble the tree of a Hugging Face Space.")
    parser.add_argument("output", type=Path, help="empty or new folder")
    parser.add_argument("--push", metavar="ORG/NAME", help="also publish it as this Space")
    parser.add_argument("--static", action="store_true", help="build the site that needs no Python to serve")
    parser.add_argument(
        "--checkpoints", nargs="+", default=[], metavar="NAME", help="of the static site; all without it"
    )
    args = parser.parse_args(argv)
    try:
        if args.static:
            _build_static(args.output, args.checkpoints)
            return
        build(args.output)
        where = push(args.output, args.push) if args.push else args.output
    except (OSError, ValueError) as error:  # FerError is a ValueError
        parser.error(str(error).splitlines()[0])
    print(f"The Space is at {where}")


if __name__ == "__main__":
    main()
