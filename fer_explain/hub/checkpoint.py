"""A checkpoint folder, laid out exactly like its Hub repository: written, verified, loaded.

========================== =====================================================================
config.json                architecture, options, labels, input, temperature, provenance
model.safetensors          weights in half precision or eight bits (:mod:`.quantized`); computed in float32
metrics.json               what training.evaluate measured, by split
predictions/SPLIT.parquet  row id, label and logits of every image of a split
history.csv                one line per epoch
README.md                  the model card
confusion.png              its picture of the confusion counts
profile.json               what its spatial transformer and gates usually do, by class (explain.profile)
disturbed.json             its answers on disturbed validation images (training.evaluate --disturbed)
explanations.json          on how many faces which map passed its test (explain.benchmark --write)
========================== =====================================================================

Only config.json and model.safetensors are needed to run. Nothing in a folder is ever executed or unpickled.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.modules.module import register_module_module_registration_hook

from fer_explain.errors import FerError
from fer_explain.hub.bounds import WEIGHTS_BYTES, check_file, check_parameters, check_parts
from fer_explain.hub.config import CheckpointConfig, read_config, read_metrics, set_temperature, write_config
from fer_explain.hub.files import write_atomically
from fer_explain.hub.folder import CONFIG, WEIGHTS
from fer_explain.hub.quantized import dequantize, is_scale, quantize
from fer_explain.hub.reference import find_folder
from fer_explain.hub.time_limit import check_time
from fer_explain.models import create_model

__all__ = [
    "Checkpoint",
    "CheckpointConfig",
    "load_checkpoint",
    "read_config",
    "read_metrics",
    "save_checkpoint",
    "set_temperature",
    "write_config",
]


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A loaded checkpoint: its network in eval mode, in float32, and what its folder says."""

    name: str
    folder: Path
    config: CheckpointConfig
    metrics: dict[str, Any]
    model: nn.Module


def load_checkpoint(ref: str | Path) -> Checkpoint:
    """Loads a checkpoint by embedded name, folder, or Hub id ``org/repo[@revision]``.

    Raises:
        FerError: there is none, or a file is missing, damaged, of a foreign architecture or of the wrong shape.
    """
    folder = find_folder(ref)
    config = read_config(folder)
    with torch.device("meta"):  # no memory is taken before the size is known
        outline = _build(config, folder)
    check_parameters(folder / CONFIG, sum(parameter.numel() for parameter in outline.parameters()))
    model = _build(config, folder)
    _load_weights(model, folder / WEIGHTS)
    # The cached folder of a Hub id is named after its commit, so the id itself is the better name.
    name = folder.resolve().name if Path(ref).is_dir() else str(ref)
    return Checkpoint(name, folder, config, read_metrics(folder), model.eval())


def save_checkpoint(
    folder: Path, model: nn.Module, config: CheckpointConfig, dtype: torch.dtype = torch.float16
) -> None:
    """Writes config.json and model.safetensors, each atomically.

    Args:
        folder: of the checkpoint.
        model: whose weights are written.
        config: its configuration.
        dtype: what floating-point weights are stored as; int8 stands for :mod:`fer_explain.hub.quantized`, which leaves
            small tensors to half precision.
    """
    weights = {key: value.detach().cpu() for key, value in model.state_dict().items()}
    if dtype == torch.int8:
        weights, dtype = quantize(weights), torch.float16
    scales = {key: value for key, value in weights.items() if is_scale(key, weights)}
    weights = {
        key: value.to(dtype if value.is_floating_point() else value.dtype).contiguous()
        for key, value in weights.items()
    } | scales  # which have float32's range
    write_atomically(folder / WEIGHTS, lambda path: save_file(weights, path, metadata={"format": "pt"}))
    write_config(folder, config)


def _build(config: CheckpointConfig, folder: Path) -> nn.Module:
    """The network a configuration describes, with random weights."""
    try:
        with _counted():
            return create_model(config.architecture, num_classes=len(config.label_names), **config.model_args)
    except FerError as error:
        raise FerError(f"{folder / CONFIG}: {error}") from error
    except (TypeError, ValueError, RuntimeError) as error:
        raise FerError(f"{folder / CONFIG} describes a network that cannot be built: {error}.") from error


@contextmanager
def _counted() -> Iterator[None]:
    """Counts the parts of a network while it is built, and looks at the clock: a deep one would take for ever."""
    here, numbers = threading.get_ident(), count(1)

    def added(*_: object) -> None:
        if threading.get_ident() == here:  # the hook is everybody's
            check_parts(next(numbers))
            check_time()

    hook = register_module_module_registration_hook(added)
    try:
        yield
    finally:
        hook.remove()


def _load_weights(model: nn.Module, path: Path) -> None:
    """Fills ``model`` from a safetensors file in which every tensor must match by name and shape."""
    own = model.state_dict()
    check_file(path, WEIGHTS_BYTES)
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in names if not is_scale(key, names)}
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
    check_time()
    weights = _read(path)
    check_time()
    broken = sorted(key for key, value in weights.items() if not value.isfinite().all())
    if broken:
        raise FerError(f"{path} cannot be used: '{broken[0]}' holds NaN or infinite values.")
    model.load_state_dict(weights)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return dequantize(load_file(path))
    except FerError as error:
        raise FerError(f"{path} cannot be used: {error}") from error
