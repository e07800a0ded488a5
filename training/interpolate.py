"""Takes a finished checkpoint back towards what it started from, until it costs next to nothing on validation.

    python -m training.interpolate --checkpoint runs/robust --start stn_se_mobilenetv1 --data PATH_OR_HUB_ID

Training on disturbed faces makes a network robust and costs it some accuracy on undisturbed ones. On the line between
its weights before and after, most of the first is often had for none of the second (WiSE-FT: Wortsman et al. 2022,
arXiv:2109.01903, section 4). The largest share of the new weights is taken that costs no more than 0.2 points of
accuracy on validation: a few faces, fewer than chance moves.

Several runs from the same start may be averaged first, which is more accurate than one of them as a rule ("model soup":
Wortsman et al. 2022, arXiv:2203.05482).

    python -m training.interpolate --checkpoint runs/a --with runs/b --start X --data PATH_OR_HUB_ID
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from training.compress import is_compressed
from training.data import FaceSet
from training.distill import fingerprint
from training.holdout import validation_of
from training.manners import command
from training.measure import evaluate_checkpoint, forget_measurements
from training.start import soup
from training.targets import FER2013, label_targets, without_non_faces
from training.validation import accuracy

SHARES: Final = tuple(step / 10 for step in range(11))  # of the new weights; 0 is the start
LARGEST_LOSS: Final = 0.002  # of accuracy on validation

Weights = dict[str, Tensor]


def interpolate(
    folder: Path,
    start: str,
    validation: FaceSet,
    device: str = "cpu",
    report: Callable[[str], None] = lambda _line: None,
    others: Sequence[Path] = (),
) -> float:
    """Replaces the weights of a finished checkpoint by a mean of them and its start's; returns the share of its own.

    All that was measured with the former weights goes; validation is measured again.

    Args:
        folder: the checkpoint, of 16 or 32 bits.
        start: what its run started from, by folder, Hub id or embedded name.
        validation: the split that decides, by the labels that the run learned from: :func:`called_as_in_training`.
        device: where the network runs.
        report: gets a line for each share, and one for the choice.
        others: further runs from that start, which count as much as the first.

    Raises:
        FerError: a checkpoint did not start from that one alone, has other classes, was interpolated or compressed
            already, no share above 0 costs so little, or the folder cannot be written.
    """
    before = load_checkpoint(start)
    checkpoint, *further = [_finished(each, start, before) for each in (folder, *others)]
    told = checkpoint.config.provenance
    model, spec = checkpoint.model.to(device), checkpoint.config.input
    judge = called_as_in_training(validation, told.get("config", {}).get("labels", FER2013))
    old = _weights(before, device)
    new = soup([_weights(each, device) for each in (checkpoint, *further)])
    reached: dict[float, float] = {}
    for share in SHARES:
        model.load_state_dict(mean(old, new, share))
        reached[share] = accuracy(model, judge, spec)
        report(f"{share:4.0%} of the new weights: {reached[share]:.2%}")
    best = max(share for share in SHARES if reached[share] >= reached[0] - LARGEST_LOSS)
    if not best:
        raise FerError(
            f"--checkpoint {folder}: every share of it costs more than 0.2 points; its weights stay as they are."
        )
    model.load_state_dict(mean(old, new, best))
    forget_measurements(folder)
    about: dict[str, Any] = {"share": best, "accuracy": [round(value, 5) for value in reached.values()]}
    if further:
        about["with"] = [{"name": each.name, "fingerprint": fingerprint(each)} for each in further]
    told = told | {"interpolation": about}
    save_checkpoint(folder, model.cpu(), replace(checkpoint.config, provenance=told))
    evaluate_checkpoint(folder, validation, device)
    report(f"{folder}: {best:.0%} of the new weights, n = {len(judge):,}")
    return best


def _finished(folder: Path, start: str, before: Checkpoint) -> Checkpoint:
    """A run's checkpoint that nothing was done to since, and that started from ``before`` alone."""
    checkpoint = load_checkpoint(folder)
    told = checkpoint.config.provenance
    if [one.get("fingerprint") for one in told.get("starts", [])] != [fingerprint(before)]:
        raise FerError(f"--start {start}: {folder} did not start from it, or not from it alone.")
    if told["starts"][0].get("new"):
        raise FerError(f"--start {start}: {folder} has other classes; there is nothing between the two.")
    if "interpolation" in told or is_compressed(folder):
        raise FerError(f"{folder} was interpolated or stored in eight bits already.")
    return checkpoint


def called_as_in_training(faces: FaceSet, labels: str) -> FaceSet:
    """A split by the labels that ``--labels`` meant: the class that most of FER+'s voters named, where they count.

    A face without votes keeps its own label. Faces that training leaves out as none are left out.
    """
    faces = without_non_faces(faces, labels)
    targets = label_targets(faces, labels)
    return faces if targets is None else replace(faces, labels=targets.argmax(1).numpy())


def _weights(checkpoint: Checkpoint, device: str) -> Weights:
    return {key: value.clone().to(device) for key, value in checkpoint.model.state_dict().items()}


def mean(old: Weights, new: Weights, share: float) -> Weights:
    """``share`` (0..1) of the new tensors and the rest of the old ones; whole numbers (counters) are the new ones."""
    return {key: old[key].lerp(value, share) if value.is_floating_point() else value for key, value in new.items()}


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.interpolate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="DIR", help="a finished checkpoint")
    parser.add_argument(
        "--with", dest="others", type=Path, nargs="+", default=[], metavar="DIR", help="further runs from that start"
    )
    parser.add_argument("--start", required=True, metavar="DIR_OR_HUB_ID", help="what its run started from")
    parser.add_argument("--data", nargs="+", required=True, metavar="PATH_OR_HUB_ID", help="what it was trained on")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    validation = validation_of(options.checkpoint, options.data)
    tell = lambda line: print(line, flush=True)  # noqa: E731
    interpolate(options.checkpoint, options.start, validation, options.device, tell, options.others)


if __name__ == "__main__":
    main()
