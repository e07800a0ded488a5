"""Trains a registered network and leaves a checkpoint folder.

    python -m training.run --model emonext_atto --data PATH_OR_HUB_ID --output runs/emonext_atto

A trial that takes a minute on a CPU:

    python -m training.run --model emonext_nano --data PATH --output runs/trial --epochs 1 --limit 2000

Every choice (the epoch, the calibration temperature) is made on the validation split; the test split is not read.
``python -m training.evaluate`` reads it, once, afterwards. A killed run goes on with ``--resume`` and ends with the
same weights. Several devices: ``accelerate launch -m training.run ...``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from accelerate import Accelerator
from torch import nn

from fer_explain.benchmark.metrics import headline
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.faces.preprocess import to_batch
from fer_explain.hub.checkpoint import CheckpointConfig, save_checkpoint
from fer_explain.hub.files import write_atomically
from fer_explain.hub.folder import CONFIG, HISTORY
from fer_explain.hub.publish import publish
from fer_explain.models import architecture, create_model, list_models
from training.config import TrainConfig, add_options, list_recipes, resolve
from training.data import FaceSet, ImageForm, load_split
from training.engine import Engine
from training.evaluate import evaluate_checkpoint
from training.manners import command
from training.state import FILE, RunState
from training.unfold import unfold_batch_norm

UNFOLD_ON = 512  # faces that batch norms are refitted to
_LIBRARIES = ("torch", "timm", "accelerate", "numpy")


def train(
    name: str,
    config: TrainConfig,
    train_set: FaceSet,
    validation: FaceSet,
    output: Path,
    *,
    recipe: str,
    pretrained: bool | Path = False,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains network ``name`` and returns the content of metrics.json (validation only).

    Raises:
        FerError: a wrong option, a folder that cannot be written, a loss that is no longer finite.
    """
    entry = architecture(name)
    run = {
        "model": name,
        "config": asdict(config),
        "train": train_set.fingerprint,
        "validation": validation.fingerprint,
    }
    fingerprint = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:16]
    state = RunState.load(output, fingerprint) if resume else RunState(fingerprint)
    if not resume and (output / CONFIG).exists():
        raise FerError(f"--output {output} already holds a checkpoint; choose another folder, or --resume.")
    torch.manual_seed(config.seed)
    model = create_model(name, pretrained=False if state.epoch else pretrained, **config.model_args)
    if config.unfold_norm and not state.epoch:
        some = train_set.images[:: max(1, len(train_set) // UNFOLD_ON)][:UNFOLD_ON]
        unfold_batch_norm(
            model, to_batch(some, entry.input, torch.device("cpu")).expand(-1, entry.input.channels, -1, -1)
        )
    accelerator = Accelerator(mixed_precision=config.precision)
    provenance = {
        "recipe": recipe,
        "config": asdict(config),
        "fingerprint": fingerprint,
        "data": {"name": Path(train_set.source).name, "train": train_set.fingerprint, "n": len(train_set)},
        "pretrained": Path(pretrained).name if isinstance(pretrained, Path) else pretrained,
        "selected_on": "validation",
        "device": accelerator.device.type,
        "git": _git_revision(),
        "versions": {"python": platform.python_version()} | {library: version(library) for library in _LIBRARIES},
    }

    def report(state: RunState, judged: nn.Module, is_best: bool) -> None:
        if is_best:
            epochs = {"epochs": state.epoch, "of": config.epochs}
            checkpoint = CheckpointConfig(
                name, LABELS, entry.input, model_args=config.model_args, provenance=provenance | epochs
            )
            save_checkpoint(output, judged, checkpoint)
        table = pd.DataFrame(state.history)
        write_atomically(output / HISTORY, lambda path: table.to_csv(path, index=False, float_format="%.6g"))
        state.save(output)
        print(_line(state, config, is_best), flush=True)

    Engine(model, entry.input, config, state, accelerator).fit(train_set, validation, report)
    if not accelerator.is_main_process:
        return {}
    metrics = evaluate_checkpoint(output, validation, accelerator.device.type)
    (output / FILE).unlink(missing_ok=True)  # the folder is now exactly what goes to the Hub
    return metrics


def _line(state: RunState, config: TrainConfig, is_best: bool) -> str:
    last = state.history[-1]
    left = sum(row["seconds"] for row in state.history) / state.epoch * (config.epochs - state.epoch)
    return (
        f"epoch {state.epoch:3d}/{config.epochs}  loss {last['train_loss']:.3f}  "
        f"validation loss {last['validation_loss']:.3f}  accuracy {last['validation_accuracy']:.2%}"
        f"{' *' if is_best else '  '}  {last['seconds']:.0f} s, {left / 60:.0f} min left"
    )


def _git_revision() -> str | None:
    try:
        root = Path(__file__).parent
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.run", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--model", required=True, help=f"one of {', '.join(list_models())}, or stn_<gate>_<timm backbone>"
    )
    parser.add_argument(
        "--recipe", help=f"one of {', '.join(list_recipes())}, or a TOML file; default: the model's own"
    )
    parser.add_argument(
        "--data", required=True, metavar="PATH_OR_HUB_ID", help="parquet folder, Hub id, CSV or image folder"
    )
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="the checkpoint folder to write")
    parser.add_argument(
        "--pretrained",
        nargs="?",
        const=True,
        default=False,
        metavar="FILE",
        help="backbone weights: a safetensors file, or from the Hub",
    )
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run in --output")
    parser.add_argument(
        "--limit", type=int, default=None, metavar="N", help="use only the first N images of each split"
    )
    parser.add_argument(
        "--push-to-hub", metavar="ORG/NAME", help="upload the finished folder to a private Hub repository"
    )
    add_options(parser)
    return parser


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    options = _parser().parse_args(arguments)
    entry = architecture(options.model)
    recipe = options.recipe or entry.recipe
    config = resolve(recipe, vars(options))
    form = ImageForm(entry.input.gray, entry.input.size)
    train_set, validation = (load_split(options.data, split, form) for split in ("train", "validation"))
    if options.limit:
        train_set, validation = train_set.head(options.limit), validation.head(options.limit)
    if config.batch_size > len(train_set):
        raise FerError(f"--batch-size {config.batch_size} is larger than the training split ({len(train_set)} images).")
    pretrained = Path(options.pretrained) if isinstance(options.pretrained, str) else options.pretrained
    metrics = train(
        options.model,
        config,
        train_set,
        validation,
        options.output,
        recipe=recipe,
        pretrained=pretrained,
        resume=options.resume,
    )
    if metrics:
        print(f"{options.output}: accuracy {headline(metrics, 'validation')}")
        if options.push_to_hub:
            print(f"published as {publish(options.output, options.push_to_hub)}")


if __name__ == "__main__":
    main()
