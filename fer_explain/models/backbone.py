"""timm backbones with or without pretrained weights: from the Hub, from a local file, never silently in part."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import timm
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from fer_explain.errors import FerError
from fer_explain.models.registry import Pretrained

# Options of timm.create_model that make it read files or addresses: a foreign config.json must not reach them.
_FORBIDDEN = frozenset(
    {"checkpoint_path", "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir", "pretrained_strict"}
)


def timm_backbone(name: str, num_classes: int, pretrained: Pretrained = False, **args: Any) -> nn.Module:
    """A timm classifier with a fresh head of ``num_classes``.

    Raises:
        FerError: timm has no such model, the Hub cannot be reached, or the file does not fit.
    """
    forbidden = sorted(_FORBIDDEN & args.keys())
    if forbidden:
        raise FerError(f"The option '{forbidden[0]}' is not accepted.")
    if not timm.is_model(name):
        near = timm.list_models(f"*{name[:6]}*")[:3]
        raise FerError(f"timm has no model '{name}'" + (f"; near: {', '.join(near)}." if near else "."))
    from_hub = pretrained is True
    try:
        model: nn.Module = timm.create_model(name, pretrained=from_hub, num_classes=num_classes, **args)
    except (OSError, RuntimeError) as error:
        if not from_hub:
            raise
        raise FerError(
            f"The pretrained weights of '{name}' could not be fetched from the Hugging Face Hub "
            f"({type(error).__name__}); train without them or give a local file with --pretrained FILE."
        ) from error
    if isinstance(pretrained, str | Path):
        load_backbone_file(model, Path(pretrained))
    if pretrained:
        _quiet_head(model)
    return model


def _quiet_head(model: nn.Module) -> None:
    """Starts the new classifier near zero: timm's own start for some families is so loud that the first steps, with a
    loss far above log K, would tear up the pretrained features."""
    classifier = model.get_classifier()  # type: ignore[operator]
    nn.init.normal_(classifier.weight, std=0.01)
    nn.init.zeros_(classifier.bias)


def load_backbone_file(model: nn.Module, path: Path) -> None:
    """Copies the weights of a safetensors file into ``model``; only the classifier head may be missing or differ.

    Raises:
        FerError: the file is missing or damaged, or any tensor but the head's does not match by name and shape.
    """
    try:
        weights = load_file(path)
    except (OSError, SafetensorError, struct.error) as error:
        raise FerError(f"--pretrained {path}: not a readable safetensors file ({error}).") from error
    head = str(getattr(model, "default_cfg", {}).get("classifier", "head.fc"))
    own = model.state_dict()
    wrong = [
        key
        for key in own.keys() | weights.keys()
        if not key.startswith(f"{head}.")
        and not key.endswith("num_batches_tracked")
        and (key not in weights or key not in own or weights[key].shape != own[key].shape)
    ]
    if wrong:
        raise FerError(
            f"--pretrained {path}: {len(wrong)} of {len(own)} tensors do not match this backbone, "
            f"first '{sorted(wrong)[0]}'."
        )
    body = {key: value for key, value in weights.items() if not key.startswith(f"{head}.")}
    model.load_state_dict(body, strict=False)
