"""Earlier checkpoints that a run starts from: of the same classes as a whole, of others without their head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fer_explain.emotions import key_of
from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import Checkpoint, load_checkpoint
from fer_explain.models import create_model
from training.data import FaceSet


def load_starts(refs: Sequence[str], name: str, train: FaceSet, *, same_split: bool = False) -> list[Checkpoint]:
    """The checkpoints that a run starts from.

    One that learned the same classes from data of the same name, but not from the very same training images, is
    refused: it may have seen faces that are to judge the run. One that learned from other data is taken, and said.

    Args:
        refs: folders, Hub ids or names of embedded checkpoints.
        name: the architecture.
        train: the training split.
        same_split: its images may be other files than those a checkpoint learned from (stored anew, enlarged); the
            user vouches that the split is the same.

    Raises:
        FerError: one cannot be loaded, is of another architecture, knows other classes than the first one, was trained
            on other images of this data set, or does not say that only validation data chose it.
    """
    starts = [load_checkpoint(ref) for ref in refs]
    for each in starts:
        _check_data(each, train, same_split=same_split)
        if each.config.architecture != name:
            raise FerError(f"--start {each.name}: it is a {each.config.architecture}, not a {name}.")
        if each.config.label_names != starts[0].config.label_names:
            raise FerError(
                f"--start {each.name}: it knows other classes than {starts[0].name}; their mean means nothing."
            )
    return starts


def take_over(model: nn.Module, starts: Sequence[Checkpoint], label_names: Sequence[str]) -> list[str]:
    """Fills a network with the mean of earlier checkpoints' weights, :func:`soup`.

    Where the classes are not the checkpoints', in this order, the tensors whose shape depends on their number stay new
    and start near zero, so that the first steps do not undo what is taken.

    Returns:
        Names of the tensors that are new.
    """
    weights = soup([start.model.state_dict() for start in starts])
    config = starts[0].config
    new = [] if _same_classes(starts[0], label_names) else head_of(config.architecture, config.model_args)
    model.load_state_dict({key: value for key, value in weights.items() if key not in new}, strict=False)
    own = model.state_dict()
    for key in new:
        nn.init.normal_(own[key], std=0.01) if own[key].ndim > 1 else nn.init.zeros_(own[key])
    return new


def soup(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each tensor of several networks (a uniform soup, Wortsman et al. 2022, arXiv:2203.05482, section 2).

    A batch norm's count of batches, which has no mean, is the first one's.
    """
    first = states[0]
    stacked = {key: torch.stack([state[key] for state in states]) for key in first}
    return {key: each.mean(0) if each.is_floating_point() else first[key] for key, each in stacked.items()}


def head_of(name: str, model_args: dict[str, Any]) -> list[str]:
    """Names of an architecture's tensors whose shape depends on the number of classes."""
    with torch.device("meta"):
        shapes = [
            {key: value.shape for key, value in create_model(name, num_classes=k, **model_args).state_dict().items()}
            for k in (3, 5)
        ]
    return [key for key, shape in shapes[0].items() if shape != shapes[1][key]]


def report(model: nn.Module, starts: Sequence[Checkpoint], new: Sequence[str], train: FaceSet) -> str:
    """What was taken, what is new, and whose data the checkpoints learned from."""
    state = model.state_dict()
    names = " and ".join(start.name for start in starts)
    kept = [key for key in state if key not in new]
    numbers = sum(state[key].numel() for key in kept)
    told = f"--start {names}: {len(kept)} of {len(state)} tensors taken ({numbers:,} numbers)"
    if new:
        told += f"; new: {', '.join(f'{key} {tuple(state[key].shape)}' for key in new)}"
    others = {_data(start)[0] or "unknown data" for start in starts if _data(start)[1] != train.fingerprint}
    if not others:
        return f"{told}."
    return (
        f"{told}. It learned from {', '.join(sorted(others))} before: if faces that you validate or test on are among "
        "those, what is measured on them says too much."
    )


def _check_data(start: Checkpoint, train: FaceSet, *, same_split: bool) -> None:
    name, images = _data(start)
    alike = stems(name) & stems(" + ".join(Path(one).name for one in train.sources))
    if images != train.fingerprint and not same_split and alike and _same_classes(start, train.label_names):
        raise FerError(
            f"--start {start.name}: it was trained on other data ({images or 'unknown'}) of {name} than this run "
            f"({train.fingerprint}), maybe on faces that are to judge it. "
            "If only the files differ, not the split, say --same-split; other data need another name."
        )
    selected = start.config.provenance.get("selected_on", "unknown")
    if images and selected != "validation":
        raise FerError(f"--start {start.name}: it was selected on '{selected}', not on validation alone.")


def _same_classes(start: Checkpoint, label_names: Sequence[str]) -> bool:
    return [*map(key_of, start.config.label_names)] == [*map(key_of, label_names)]


def _data(start: Checkpoint) -> tuple[str, str]:
    """Name and fingerprint of what a checkpoint learned from; "" where it does not say."""
    about = start.config.provenance.get("data", {})
    return str(about.get("name", "")), str(about.get("train", ""))


def stems(name: str) -> set[str]:
    """The names in a mix without their suffixes: fer2013 is the same data as a CSV file and as a folder."""
    return {Path(part).stem for part in name.split(" + ") if part}
