"""A checkpoint folder, laid out exactly like its Hub repository: written, verified, loaded.

========================== =====================================================================
config.json                architecture, options, labels, input, temperature, provenance
model.safetensors          weights (half precision when embedded; computed in float32)
metrics.json               what training.evaluate measured, by split
predictions/SPLIT.parquet  row id, label and logits of every image of a split
history.csv                one line per epoch
README.md                  the model card
========================== =====================================================================

Only config.json and model.safetensors are needed to run. Nothing in a folder is ever executed or unpickled.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from fer_explain.errors import FerError
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import CONFIG, METRICS, WEIGHTS, find_folder
from fer_explain.models import create_model
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


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A loaded checkpoint: its network in eval mode, in float32, and what its folder says."""

    name: str
    folder: Path
    config: CheckpointConfig
    metrics: dict[str, Any]
    model: nn.Module


def read_config(folder: Path) -> CheckpointConfig:
    """Reads config.json.

    Raises:
        FerError: it is missing, no JSON, or lacks or misuses a field; the sentence names the file and the reason.
    """
    path = folder / CONFIG
    entries = _read_json(path)
    try:
        spec = dict(entries.pop("input"))
        spec |= {"mean": tuple(spec["mean"]), "std": tuple(spec["std"])}
        labels = entries.pop("label_names")
        config = CheckpointConfig(input=InputSpec(**spec), label_names=tuple(labels), **entries)
        sound = isinstance(labels, list) and _is_sound(config)
    except (KeyError, TypeError, ValueError) as error:
        raise FerError(f"{path} is not a checkpoint's configuration: {type(error).__name__} {error}.") from error
    if not sound:
        raise FerError(f"{path} is not a checkpoint's configuration: a field has the wrong type or an empty value.")
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


def read_metrics(folder: Path) -> dict[str, Any]:
    """metrics.json, or {} where nothing was measured.

    Raises:
        FerError: the file is there and is not JSON.
    """
    path = folder / METRICS
    return _read_json(path) if path.exists() else {}


def load_checkpoint(ref: str | Path) -> Checkpoint:
    """Loads a checkpoint by embedded name, folder, or Hub id ``org/repo[@revision]``.

    Raises:
        FerError: there is none, or a file is missing, damaged, of a foreign architecture or of the wrong shape.
    """
    folder = find_folder(ref)
    config = read_config(folder)
    model = _build(config, folder)
    _load_weights(model, folder / WEIGHTS)
    # The cached folder of a Hub id is named after its commit, so the id itself is the better name.
    name = folder.resolve().name if Path(ref).is_dir() else str(ref)
    return Checkpoint(name, folder, config, read_metrics(folder), model.eval())


def save_checkpoint(
    folder: Path, model: nn.Module, config: CheckpointConfig, dtype: torch.dtype = torch.float16
) -> None:
    """Writes config.json and model.safetensors, each atomically; floating-point weights are stored as ``dtype``."""
    weights = {
        key: value.detach().cpu().to(dtype if value.is_floating_point() else value.dtype).contiguous()
        for key, value in model.state_dict().items()
    }
    write_atomically(folder / WEIGHTS, lambda path: save_file(weights, path, metadata={"format": "pt"}))
    write_config(folder, config)


def write_config(folder: Path, config: CheckpointConfig) -> None:
    """Writes config.json atomically."""
    write_text(folder / CONFIG, config.to_json())


def set_temperature(folder: Path, temperature: float) -> CheckpointConfig:
    """Stores a newly fitted calibration temperature and returns the changed configuration."""
    config = replace(read_config(folder), temperature=temperature)
    write_config(folder, config)
    return config


def _build(config: CheckpointConfig, folder: Path) -> nn.Module:
    """The network a configuration describes, with random weights."""
    try:
        return create_model(config.architecture, num_classes=len(config.label_names), **config.model_args)
    except FerError as error:
        raise FerError(f"{folder / CONFIG}: {error}") from error
    except (TypeError, ValueError, RuntimeError) as error:
        raise FerError(f"{folder / CONFIG} describes a network that cannot be built: {error}.") from error


def _load_weights(model: nn.Module, path: Path) -> None:
    """Fills ``model`` from a safetensors file in which every tensor must match by name and shape."""
    own = model.state_dict()
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        reason = "is missing" if not path.exists() else f"is not a readable safetensors file ({error})"
        raise FerError(f"{path} {reason}.") from error
    expected = {key: tuple(value.shape) for key, value in own.items()}
    wrong = sorted(key for key in expected.keys() | shapes.keys() if expected.get(key) != shapes.get(key))
    if wrong:
        key = wrong[0]
        raise FerError(
            f"{path} does not fit its architecture: '{key}' should be {expected.get(key, 'absent')}, "
            f"is {shapes.get(key, 'missing')}."
        )
    weights = load_file(path)
    broken = sorted(key for key, value in weights.items() if not value.isfinite().all())
    if broken:
        raise FerError(f"{path} cannot be used: '{broken[0]}' holds NaN or infinite values.")
    model.load_state_dict(weights)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FerError(f"{path} is missing.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FerError(f"{path} is not readable JSON ({error}).") from error
    if not isinstance(entries, dict):
        raise FerError(f"{path} should hold a JSON object, holds a {type(entries).__name__}.")
    return entries
