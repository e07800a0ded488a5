"""A checkpoint by its name: an embedded one, any folder, or a Hub repository. Needs no torch."""

from __future__ import annotations

import re
from pathlib import Path

from fer_explain.errors import FerError
from fer_explain.hub import folder
from fer_explain.hub.folder import CONFIG, list_checkpoints

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")


def find_folder(ref: str | Path) -> Path:
    """The local folder of a checkpoint given by embedded name, folder, or Hub id ``org/repo[@revision]``.

    Raises:
        FerError: nothing of that name is here, or the Hub does not give it.
    """
    path = Path(ref)
    if path.is_dir():
        return path
    if (folder.EMBEDDED / path / CONFIG).is_file():
        return folder.EMBEDDED / path
    if isinstance(ref, str) and is_hub_id(ref):
        from fer_explain.hub.remote import download

        return download(ref)
    names = ", ".join(list_checkpoints()) or "none embedded"
    raise FerError(f"There is no checkpoint '{ref}': give a folder, a Hub id org/repo[@revision], or one of {names}.")


def is_hub_id(ref: str) -> bool:
    """Whether it has the form of a Hub id and is nothing on this machine."""
    return not Path(ref).exists() and bool(_HUB_ID.fullmatch(ref)) and not ref.startswith(".")
