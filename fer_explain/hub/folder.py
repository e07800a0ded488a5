"""Where checkpoints lie: the embedded ones, any folder, a Hub repository. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
METRICS: Final = "metrics.json"
HISTORY: Final = "history.csv"
CARD: Final = "README.md"
CONFUSION: Final = "confusion.png"
PROFILE: Final = "profile.json"
REGION_PROFILE: Final = "region_profile.json"
DISTURBED: Final = "disturbed.json"
EXPLANATIONS: Final = "explanations.json"
PREDICTIONS: Final = "predictions"
VOTED: Final = "ferplus"  # begins the names of the files of predictions that are judged by FER+'s votes
CALIBRATION: Final = "calibration"  # the file of predictions that a field network's temperature was fitted on

_LIBRARY: Final = Path(__file__).resolve().parents[1]
# A wheel holds the checkpoints inside the library, see setup.py; in the repository and on a Space they lie beside it.
_HOME: Final = _LIBRARY if (_LIBRARY / "checkpoints").is_dir() else _LIBRARY.parent
EMBEDDED: Final = _HOME / "checkpoints"
RESULTS: Final = _HOME / "results"  # folders of studies: all of their runs but the weights
DEFAULT: Final = "field_stn_se_mobilenetv1"


def list_checkpoints() -> list[str]:
    """Names of the embedded checkpoints, the default first, then alphabetically."""
    names = sorted(path.parent.name for path in EMBEDDED.glob(f"*/{CONFIG}"))
    return sorted(names, key=lambda name: name != DEFAULT)


def list_results() -> dict[str, Path]:
    """The folders of the runs that are kept without their weights, by name."""
    return {path.parent.name: path.parent for path in sorted(RESULTS.glob(f"*/runs/*/{METRICS}"))}
