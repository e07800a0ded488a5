"""The network before its first step, and the input it gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from torch import nn

from fer_explain.faces.preprocess import to_batch
from fer_explain.hub.checkpoint import Checkpoint
from fer_explain.models import create_model
from fer_explain.models.backbone import pretrained_report
from fer_explain.types import InputSpec
from training.config import TrainConfig
from training.data import FaceSet
from training.start import report, take_over
from training.state import RunState
from training.unfold import unfold_batch_norm

UNFOLD_ON: Final = 512  # faces that batch norms are refitted to
_NORMALIZATIONS: Final = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


def input_of(spec: InputSpec, config: TrainConfig) -> InputSpec:
    """A network's input with the recipe's side and normalisation."""
    spec = replace(spec, size=config.input_size or spec.size)
    if config.normalization == "model":
        return spec
    mean, std = _NORMALIZATIONS[config.normalization]
    if spec.channels == 3:
        return replace(spec, mean=mean, std=std)
    return replace(spec, mean=(sum(mean) / 3,), std=(sum(std) / 3,))  # gray: the three channels' average


def first_network(
    name: str,
    config: TrainConfig,
    spec: InputSpec,
    train_set: FaceSet,
    pretrained: bool | Path,
    state: RunState,
    starts: Sequence[Checkpoint],
) -> tuple[nn.Module, list[str]]:
    """The network before its first step, and which of its tensors are not those of ``starts``."""
    classes = len(train_set.label_names)
    if not state.model and not starts:
        return _new(name, config, spec, train_set, pretrained), []
    model = create_model(name, num_classes=classes, **config.model_args)  # the resumed state fills it later
    if not starts:
        return model, []
    new = take_over(model, starts, train_set.label_names)
    if not state.model:
        print(report(model, starts, new, train_set), flush=True)
    return model, new


def _new(name: str, config: TrainConfig, spec: InputSpec, train_set: FaceSet, pretrained: bool | Path) -> nn.Module:
    """The network at its start."""
    model = create_model(name, num_classes=len(train_set.label_names), pretrained=pretrained, **config.model_args)
    told = pretrained_report(model)
    if told is not None:
        print(told, flush=True)
    if config.unfold_norm:
        some = train_set.images[:: max(1, len(train_set) // UNFOLD_ON)][:UNFOLD_ON]
        unfold_batch_norm(model, to_batch(some, spec).expand(-1, spec.channels, -1, -1))
    return model
