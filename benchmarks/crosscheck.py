"""Do the embedded checkpoints say the same here as where they were measured?

::

    python -m benchmarks.crosscheck                  # against the committed probabilities, batch 1 and batch 32
    python -m benchmarks.crosscheck --data PATH      # also the test accuracy in bfloat16 against that in float32
    python -m benchmarks.crosscheck --write          # after a checkpoint was added or changed

The faces are drawn by arithmetic, so that anyone has them. Run it wherever something else computes: another version of
torch, another processor. It ends with status 1 if anything is off by more than is allowed.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_explain.emotions import LABELS
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.preprocess import to_batch
from fer_explain.hub.checkpoint import Checkpoint, load_checkpoint
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import list_checkpoints
from fer_explain.types import Pixels

EXPECTED: Final = Path(__file__).with_name("crosscheck.json")
FACES: Final = 32
CLOSE: Final = 1e-3  # of a probability, in float32
POINTS: Final = 0.3  # of accuracy, in bfloat16

Doubles = NDArray[np.float64]


def faces() -> Pixels:
    """The drawn faces, uint8 (32, 48, 48, 3): every emotion on several persons, some of them turned."""
    drawn = (draw_face(LABELS[i % 7], size=48, seed=i // 7, rotation=5.0 * (i % 5 - 2)) for i in range(FACES))
    return np.stack([face.pixels for face in drawn])


@torch.inference_mode()
def probabilities(checkpoint: Checkpoint, images: Pixels, batch_size: int) -> Doubles:
    """Calibrated probabilities (N, K) of RGB ``images`` (N, H, W, 3), ``batch_size`` at a time."""
    spec = checkpoint.config.input
    parts = [images[start : start + batch_size] for start in range(0, len(images), batch_size)]
    logits = torch.cat([checkpoint.model(to_batch(part, spec)) for part in parts])
    return (logits.double() / checkpoint.config.temperature).softmax(1).numpy()


def expected() -> dict[str, Doubles]:
    """The committed probabilities (32, K) of each checkpoint."""
    return {name: np.array(rows) for name, rows in json.loads(EXPECTED.read_text(encoding="utf-8")).items()}


def write() -> None:
    """Writes down what this machine says."""
    images = faces()
    found = {name: probabilities(load_checkpoint(name), images, FACES).round(6).tolist() for name in list_checkpoints()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in found.items())
    write_text(EXPECTED, f"{{\n{lines}\n}}\n")


def accuracies(checkpoint: Checkpoint, data: str) -> tuple[float, float]:
    """Test accuracy in float32 and in bfloat16, in per cent."""
    from training.data import ImageForm, load_split
    from training.validation import predict

    spec = checkpoint.config.input
    test = load_split(data, "test", ImageForm(spec.gray, spec.size))

    def accuracy(logits: Tensor) -> float:
        return 100 * float((logits.argmax(1).numpy() == test.labels).mean())

    plain = accuracy(predict(checkpoint.model, test, spec))
    with torch.autocast("cpu", torch.bfloat16):
        return plain, accuracy(predict(checkpoint.model, test, spec))


def check(name: str, images: Pixels, wanted: Doubles, data: str | None) -> tuple[str, bool]:
    """One line of the report, and whether all of it is within bounds."""
    checkpoint = load_checkpoint(name)
    alone, together = (probabilities(checkpoint, images, size) for size in (1, FACES))
    gaps = [float(np.abs(alone - together).max()), float(np.abs(together - wanted).max())]
    line = f"{name:28} batch 1 against 32: {gaps[0]:.1e}   against what is committed: {gaps[1]:.1e}"
    good = max(gaps) <= CLOSE
    if data is not None:
        plain, half = accuracies(checkpoint, data)
        line += f"   test accuracy in float32 {plain:.2f} %, in bfloat16 {half:.2f} %"
        good &= abs(plain - half) <= POINTS
    return line + ("" if good else "   NOT WITHIN BOUNDS"), good


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> bool:
    """The command line; True when everything is within bounds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crosscheck", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", metavar="PATH", help="FER2013, for the accuracy in bfloat16")
    parser.add_argument("--write", action="store_true", help="write down what this machine says")
    options = parser.parse_args(arguments)
    if options.write:
        write()
    say(f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()}")
    images, known = faces(), expected()
    good = True
    for name in list_checkpoints():
        line, fine = check(name, images, known[name], options.data)
        say(line)
        good &= fine
    return good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
