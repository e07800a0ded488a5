"""Where checkpoints lie: the embedded ones, any folder, a Hub repository. Needs no torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from fer_explain.errors import FerError

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
METRICS: Final = "metrics.json"
HISTORY: Final = "history.csv"
CARD: Final = "README.md"
CONFUSION: Final = "confusion.png"
PROFILE: Final = "profile.json"
REGION_PROFILE: Final = "region_profile.json"
DISTURBED: Final = "disturbed.json"
PREDICTIONS: Final = "predictions"

EMBEDDED: Final = Path(__file__).resolve().parents[2] / "checkpoints"
RESULTS: Final = EMBEDDED.parent / "results"  # folders of studies: all of their runs but the weights
DEFAULT: Final = "stn_se_mobilenetv1"

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")


def list_checkpoints() -> list[str]:
    """Names of the embedded checkpoints, the default first, then alphabetically."""
    names = sorted(path.parent.name for path in EMBEDDED.glob(f"*/{CONFIG}"))
    return sorted(names, key=lambda name: name != DEFAULT)


def list_results() -> dict[str, Path]:
    """The folders of the runs that are kept without their weights, by name."""
    return {path.parent.name: path.parent for path in sorted(RESULTS.glob(f"*/runs/*/{METRICS}"))}


def find_folder(ref: str | Path) -> Path:
    """The local folder of a checkpoint given by embedded name, folder, or Hub id ``org/repo[@revision]``.

    Raises:
        FerError: nothing of that name is here, or the Hub does not give it.
    """
    path = Path(ref)
    if path.is_dir():
        return path
    if (EMBEDDED / path / CONFIG).is_file():
        return EMBEDDED / path
    if isinstance(ref, str) and not path.exists() and _HUB_ID.fullmatch(ref) and not ref.startswith("."):
        from fer_explain.hub.remote import download

        return download(ref)
    names = ", ".join(list_checkpoints()) or "none embedded"
    raise FerError(f"There is no checkpoint '{ref}': give a folder, a Hub id org/repo[@revision], or one of {names}.")
