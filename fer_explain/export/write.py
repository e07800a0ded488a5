"""A checkpoint as two files for the browser: ``model.onnx`` and ``manifest.json``."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any, Final

import torch

from fer_explain.emotions import color_of
from fer_explain.errors import FerError
from fer_explain.explain.base import undisturbed
from fer_explain.export.network import Outputs, flatten, tell, tell_without_map
from fer_explain.export.weights import pack
from fer_explain.faces.crop import CropRule
from fer_explain.hub.checkpoint import Checkpoint, load_checkpoint
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import WEIGHTS
from fer_explain.hub.results import results
from fer_explain.models import architecture

MODEL: Final = "model.onnx"
MANIFEST: Final = "manifest.json"
OPSET: Final = 18

_log = logging.getLogger(__name__)


def export(ref: str | Path, output: Path) -> dict[str, Any]:
    """Writes a checkpoint for the browser into a folder, made when missing, and returns its manifest.

    Raises:
        FerError: there is no such checkpoint, it cannot be exported, or the optional packages are missing.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise FerError("The export needs two more packages: pip install onnx onnxscript.") from error
    if output.exists() and not output.is_dir():
        raise FerError(f"'{output}' is a file; name a folder.")
    checkpoint = load_checkpoint(ref)
    model, names = _graph(checkpoint)
    output.mkdir(parents=True, exist_ok=True)
    write_atomically(output / MODEL, lambda path: onnx.save(pack(model), str(path)))
    told = manifest(checkpoint, names, (output / MODEL).read_bytes())
    write_text(output / MANIFEST, json.dumps(told, indent=2) + "\n")
    return told


def manifest(checkpoint: Checkpoint, outputs: list[str], exported: bytes) -> dict[str, Any]:
    """All that a reader of the file must know: its input, its labels, how to calibrate, how to cut a face out."""
    config = checkpoint.config
    entry = architecture(config.architecture)
    rule = results(checkpoint.name, checkpoint.folder).rule
    frame = "warped" if "theta" in outputs else "crop"
    gates = [name for name in outputs if name.startswith(("gate.", "places."))]
    return {
        "name": checkpoint.name,
        "title": entry.title,
        "trained": config.trained,
        "labels": config.label_names,
        "colors": [color_of(label, config.label_names) for label in config.label_names],
        "input": asdict(config.input),
        "temperature": config.temperature,
        "sets": rule and _plain(asdict(rule)),
        "crop": asdict(CropRule()) | {"border": "repeat", "min_side": 16, "max_side": 256},
        "heatmap": {"method": "gradcam", "layer": entry.cam_layer, "frame": frame} if "heatmap" in outputs else None,
        "gates": gates,
        "outputs": outputs,
        "weights": hashlib.sha256((checkpoint.folder / WEIGHTS).read_bytes()).hexdigest(),
        "file": {"name": MODEL, "bytes": len(exported), "sha256": hashlib.sha256(exported).hexdigest()},
    }


def _graph(checkpoint: Checkpoint) -> tuple[Any, list[str]]:
    """The ONNX model and the names of its outputs; without the map where only that cannot be exported."""
    try:
        return _traced(checkpoint, tell)
    except RuntimeError as error:  # of which those of the tracer and of the exporter are kinds
        _log.warning("%s: its Grad-CAM map cannot be exported (%s)", checkpoint.name, _short(error))
    try:
        return _traced(checkpoint, tell_without_map)
    except RuntimeError as error:
        raise FerError(f"'{checkpoint.name}' uses an operation that cannot be exported: {_short(error)}") from error


def _traced(checkpoint: Checkpoint, told: Callable[..., Outputs]) -> tuple[Any, list[str]]:
    spec = checkpoint.config.input
    inputs = torch.zeros(1, spec.channels, spec.size, spec.size), torch.tensor([-1])
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with undisturbed(checkpoint.model, gradients=True), warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        graph, names = flatten(checkpoint.model, architecture(checkpoint.config.architecture), inputs[0], told)
        program: Any = torch.onnx.export(
            graph.eval(), inputs, dynamo=True, input_names=["x", "target"], output_names=names, opset_version=OPSET
        )
    return program.model_proto, names


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _plain(entries: dict[str, Any]) -> dict[str, Any]:
    return {key: value.tolist() if hasattr(value, "tolist") else value for key, value in entries.items()}
