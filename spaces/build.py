"""Assembles the exact tree of a Hugging Face Space repository and, when asked, publishes it.

    python spaces/build.py OUTPUT [--checkpoints ORG/NAME[@REVISION] ...] [--no-embedded] [--push ORG/NAME]
    python spaces/build.py --static OUTPUT [--checkpoints NAME ...]

The Space runs the same files with the same requirements as a laptop does; only README.md differs, because there it
carries the Space's settings. ``--checkpoints`` has the Space load those from the Hub, at the commit that their revision
is now (:mod:`space_card`); ``--no-embedded`` leaves out the ones in this repository. ``--push`` makes the Space
repository equal to OUTPUT; the token is the one that ``hf auth login`` stored. ``--static`` builds the site that runs
in the visitor's browser alone (:mod:`static_site`).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTENT = {
    "LICENSE": "LICENSE",
    "requirements.txt": "requirements.txt",
    "app.py": "app.py",
    "fer_explain": "fer_explain",
}
EMBEDDED = ("checkpoints", "results")
# The export is a command with packages of its own, which a Space neither runs nor installs.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "export")


def build(output: Path, checkpoints: Sequence[str] = (), *, embedded: bool = True) -> None:
    """Copies the Space's files into ``output``, which is created when missing.

    Args:
        output: the folder.
        checkpoints: Hub ids ``org/name[@revision]`` that the Space loads.
        embedded: whether the checkpoints of this repository, and its studies, come along.

    Raises:
        FileExistsError: ``output`` is a file or holds something already.
        FerError: a checkpoint cannot be had, or there would be none.
    """
    _find_modules()
    from space_card import pin, write_space_card

    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise FileExistsError(f"'{output}' is not an empty folder; name an empty or a new one.")
    pinned = [pin(ref) for ref in checkpoints]
    output.mkdir(parents=True, exist_ok=True)
    content = CONTENT | ({name: name for name in EMBEDDED} if embedded else {})
    write_space_card(output / "README.md", pinned, embedded=embedded)
    if pinned:
        (output / "checkpoints.txt").write_text("".join(f"{one.ref}\n" for one in pinned), encoding="utf-8")
    for source, target in content.items():
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


def _find_modules() -> None:
    """Also when called from elsewhere; this folder is no package, since it would hide the PyPI package ``spaces``."""
    sys.path[:0] = [folder for folder in (str(ROOT), str(ROOT / "spaces")) if folder not in sys.path]


def _build_static(output: Path, names: Sequence[str]) -> None:
    _find_modules()
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
        "--checkpoints",
        nargs="+",
        default=[],
        metavar="ORG/NAME[@REVISION]",
        help="checkpoints on the Hub that the Space loads; with --static: those of the site (default: all embedded)",
    )
    parser.add_argument("--no-embedded", action="store_true", help="leave out the checkpoints of this repository")
    args = parser.parse_args(argv)
    try:
        if args.static:
            if args.no_embedded:
                raise ValueError("--no-embedded is for a Space; with --static, name what to show with --checkpoints.")
            _build_static(args.output, args.checkpoints)
            return
        build(args.output, args.checkpoints, embedded=not args.no_embedded)
        where = push(args.output, args.push) if args.push else args.output
    except (OSError, ValueError) as error:  # FerError is a ValueError
        parser.error(str(error).splitlines()[0])
    print(f"The Space is at {where}")


if __name__ == "__main__":
    main()
