"""Stores a finished checkpoint's weights in eight bits, and measures what is then in the folder.

    python -m training.compress --checkpoint runs/emonext_nano --data PATH_OR_HUB_ID

The file becomes half as large (:mod:`fer_explain.hub.quantized`). All that was measured with the former weights goes:
validation is measured again at once, the test split and the profiles by their own commands. Where accuracy on
validation would fall by more than 0.3 points, nothing is written.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open

from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import load_checkpoint, save_checkpoint
from fer_explain.hub.folder import WEIGHTS
from fer_explain.hub.quantized import dequantize, is_quantized, quantize
from training.data import FaceSet
from training.holdout import validation_of
from training.manners import command
from training.measure import evaluate_checkpoint, forget_measurements
from training.validation import accuracy

LARGEST_LOSS: Final = 0.003  # of accuracy on validation


def compress(folder: Path, validation: FaceSet, device: str = "cpu") -> tuple[float, float]:
    """Stores the weights in eight bits; returns accuracy on validation with the former and with the new weights.

    Args:
        folder: a finished checkpoint with weights of 16 or 32 bits.
        validation: its validation split.
        device: where the network runs.

    Raises:
        FerError: it has eight-bit weights already, they would cost more than 0.3 points, or it cannot be written.
    """
    if is_compressed(folder):
        raise FerError(f"--checkpoint {folder}: its weights are stored in eight bits already.")
    checkpoint = load_checkpoint(folder)
    model, spec = checkpoint.model.to(device), checkpoint.config.input
    before = accuracy(model, validation, spec)
    model.load_state_dict(dequantize(quantize(model.state_dict())))
    after = accuracy(model, validation, spec)
    if before - after > LARGEST_LOSS:
        raise FerError(
            f"--checkpoint {folder}: eight bits would cost {100 * (before - after):.2f} points on validation, which is "
            f"more than {100 * LARGEST_LOSS:.1f}; its weights stay as they are."
        )
    told = checkpoint.config.provenance | {
        "stored": {"weights": "int8", "validation_accuracy_before": round(before, 5)}
    }
    forget_measurements(folder)
    save_checkpoint(folder, model, replace(checkpoint.config, provenance=told), torch.int8)
    evaluate_checkpoint(folder, validation, device)
    return before, after


def is_compressed(folder: Path) -> bool:
    """Whether a checkpoint's weights are stored in eight bits.

    Raises:
        FerError: they cannot be read.
    """
    path = folder / WEIGHTS
    try:
        with safe_open(path, framework="pt") as file:
            return is_quantized(file.keys())
    except (OSError, SafetensorError) as error:
        raise FerError(f"{path} cannot be read ({error}).") from error


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.compress", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="DIR", help="a finished checkpoint")
    parser.add_argument("--data", nargs="+", required=True, metavar="PATH_OR_HUB_ID", help="what it was trained on")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    validation = validation_of(options.checkpoint, options.data)
    before, after = compress(options.checkpoint, validation, options.device)
    print(
        f"{options.checkpoint}: accuracy on validation (n = {len(validation):,}) {100 * before:.2f} % before, "
        f"{100 * after:.2f} % in eight bits"
    )


if __name__ == "__main__":
    main()
