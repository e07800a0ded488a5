"""What a checkpoint folder says about itself: config.json and metrics.json, read and checked without torch."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fer_explain.errors import FerError
from fer_explain.hub.bounds import check_claims, read_json
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import CONFIG, METRICS
from fer_explain.types import InputSpec


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """config.json.

    Attributes:
        architecture: a name :func:`fer_explain.create_model` knows.
        model_args: its options.
        label_names: the class of each logit.
        input: the preprocessing the network was trained with.
        temperature: logits are divided by it before the softmax; fitted on validation.
        provenance: recipe, seed, epochs, data fingerprint, versions, git revision; empty for an untrained network.
    """

    architecture: str
    label_names: tuple[str, ...]
    input: InputSpec
    model_args: dict[str, Any] = field(default_factory=dict)
    temperature: float = 1.0
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def trained(self) -> bool:
        """Whether any training went into the weights."""
        return bool(self.provenance.get("epochs"))

    def to_json(self) -> str:
        """The text of config.json."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_config(folder: Path) -> CheckpointConfig:
    """Reads config.json.

    Raises:
        FerError: it is missing, no JSON, or lacks or misuses a field; the sentence names the file and the reason.
    """
    path = folder / CONFIG
    entries = _read_json(path)
    try:
        spec = dict(entries.pop("input"))
        check_claims(path, entries.get("label_names"), spec.get("size"), entries.get("model_args"))
        spec |= {"mean": tuple(spec["mean"]), "std": tuple(spec["std"])}
        labels = entries.pop("label_names")
        config = CheckpointConfig(input=InputSpec(**spec), label_names=tuple(labels), **entries)
        sound = isinstance(labels, list) and _is_sound(config)
    except (KeyError, TypeError, ValueError) as error:
        raise FerError(f"{path} is not a checkpoint's configuration: {type(error).__name__} {error}.") from error
    if not sound:
        raise FerError(f"{path} is not a checkpoint's configuration: a field has the wrong type or an empty value.")
    return config


def read_metrics(folder: Path) -> dict[str, Any]:
    """metrics.json, or {} where nothing was measured.

    Raises:
        FerError: the file is there and is not JSON.
    """
    path = folder / METRICS
    return _read_json(path) if path.exists() else {}


def write_config(folder: Path, config: CheckpointConfig) -> None:
    """Writes config.json atomically."""
    write_text(folder / CONFIG, config.to_json())


def set_temperature(folder: Path, temperature: float) -> CheckpointConfig:
    """Stores a newly fitted calibration temperature and returns the changed configuration."""
    config = replace(read_config(folder), temperature=temperature)
    write_config(folder, config)
    return config


def _is_sound(config: CheckpointConfig) -> bool:
    """Whether every field holds what its type says: a JSON file may hold anything."""
    labels, spec = config.label_names, config.input
    return (
        isinstance(config.architecture, str)
        and isinstance(config.model_args, dict)
        and not config.model_args.keys() & {"name", "num_classes", "pretrained"}
        and isinstance(config.provenance, dict)
        and len(set(labels)) == len(labels) > 1
        and all(isinstance(label, str) for label in labels)
        and isinstance(config.temperature, float | int)
        and 0 < config.temperature < math.inf
        and all(isinstance(value, float | int) for value in (*spec.mean, *spec.std, spec.size))
        and spec.interpolation in ("bilinear", "bicubic")
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        entries = read_json(path)
    except FileNotFoundError as error:
        raise FerError(f"{path} is missing.") from error
    if not isinstance(entries, dict):
        raise FerError(f"{path} should hold a JSON object, holds a {type(entries).__name__}.")
    return entries
