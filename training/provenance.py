"""What a checkpoint says about where it is from: options, data, teachers, versions; and the fingerprint of it all."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from training.config import TrainConfig
from training.data import FaceSet

_LIBRARIES: Final = ("torch", "torchvision", "timm", "accelerate", "numpy")


def run_fingerprint(
    name: str,
    config: TrainConfig,
    train: FaceSet,
    validation: FaceSet,
    teachers: Sequence[str] = (),
    starts: Sequence[str] = (),
) -> str:
    """16 hex digits that differ between two runs that could end in different weights.

    Args:
        name: the architecture.
        config: the resolved options.
        train: the training split.
        validation: the split the epoch is chosen by.
        teachers: fingerprints of the teachers.
        starts: fingerprints of the checkpoints it goes on from.
    """
    run: dict[str, Any] = {
        "model": name,
        "config": asdict(config),
        "train": train.fingerprint,
        "validation": validation.fingerprint,
        "teachers": list(teachers),
    } | ({"starts": list(starts)} if starts else {})
    return hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:16]


def provenance(
    config: TrainConfig,
    train: FaceSet,
    *,
    renamed: Mapping[str, str] = MappingProxyType({}),
    detected: bool = False,
    **further: Any,
) -> dict[str, Any]:
    """The ``provenance`` of config.json.

    Args:
        config: the resolved options.
        train: the training split.
        renamed: names in the data that stand for others, by ``--classes``.
        detected: whether its faces were found in photos.
        further: what only the run knows (recipe, fingerprint, pretrained, device, starts, teachers); None is left out.
    """
    names = " + ".join(Path(source).name for source in train.sources)
    return {
        "config": asdict(config),
        "data": {"name": names, "train": train.fingerprint, "n": len(train)}
        | ({"renamed": dict(renamed)} if renamed else {})
        | ({"detected": True} if detected else {}),
        "selected_on": "validation",
        "git": _git_revision(),
        "versions": {"python": platform.python_version()} | {library: version(library) for library in _LIBRARIES},
    } | {key: value for key, value in further.items() if value is not None}


def _git_revision() -> str | None:
    try:
        root = Path(__file__).parent
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
