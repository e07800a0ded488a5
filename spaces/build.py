"""Assembles the exact tree of a Hugging Face Space repository and, when asked, publishes it.

    python spaces/build.py OUTPUT [--push ORG/NAME]

The Space runs the same files with the same requirements as a laptop does; only README.md differs, because there it
carries the Space's settings. ``--push`` makes the Space repository equal to OUTPUT; the token is the one that
``hf auth login`` stored.
"""

from __future__ import annotations

import argparse
import shutil
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
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


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


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Assemble the tree of a Hugging Face Space.")
    parser.add_argument("output", type=Path, help="empty or new folder")
    parser.add_argument("--push", metavar="ORG/NAME", help="also publish it as this Space")
    args = parser.parse_args(argv)
    try:
        build(args.output)
        where = push(args.output, args.push) if args.push else args.output
    except OSError as error:
        parser.error(str(error).splitlines()[0])
    print(f"The Space is at {where}")


if __name__ == "__main__":
    main()
