"""timm backbones with or without pretrained weights: from the Hub, from a local file, never silently in part.

Weights come whole or not at all: every tensor of the backbone but its classifier must be in them by name and shape, and
nothing else may be in them but a classifier. What a network got and what it did not is told by
:func:`pretrained_report`.

``pretrained`` is, as in :func:`fer_explain.models.create_model`,

* False: a random start;
* True: timm's weights, from the Hub or huggingface_hub's cache;
* a path: that safetensors file; for a network of several backbones a *folder*, with one file for each that is named
  after timm's model, such as ``resnet50.safetensors`` beside ``swin_tiny_patch4_window7_224.safetensors``.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import timm
from huggingface_hub.errors import EntryNotFoundError, HTTPError  # type: ignore[attr-defined]
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from fer_explain.errors import FerError
from fer_explain.models.registry import Build, Pretrained

# Options of timm.create_model that make it read files or addresses: a foreign config.json must not reach them.
_FORBIDDEN: Final = frozenset(
    {"checkpoint_path", "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir", "pretrained_strict"}
)
_HUB_ERRORS: Final = (OSError, HTTPError, EntryNotFoundError, SafetensorError, struct.error)
# Marks on the modules themselves, as these keep their identity when a network is built around a backbone.
_SOURCE: Final = "_pretrained_source"  # on each module whose own tensors were filled
_UNUSED: Final = "_pretrained_unused"  # on a backbone
_COUNTER: Final = "num_batches_tracked"  # of a batch norm: not a weight, and missing in some files


@dataclass(frozen=True, slots=True)
class PretrainedReport:
    """What pretrained weights did to a network; ``str()`` is one line for a person.

    Attributes:
        source: Hub id or file, joined by " + " for several backbones.
        matched: number of the network's tensors that were filled.
        fresh: names of its tensors that were not: the classifier, spatial transformer, gates, ...
        unused: names of tensors in the source that found no place: the classifier of the classes it was trained on.
    """

    source: str
    matched: int
    fresh: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        total = self.matched + len(self.fresh)
        return (
            f"{self.matched} of {total} tensors are from {self.source}; "
            f"fresh: {_by_module(self.fresh)}; not used: {_by_module(self.unused)}."
        )


def pretrained_report(model: nn.Module) -> PretrainedReport | None:
    """What pretrained weights did to a network of :func:`~fer_explain.models.create_model`; None for a random start."""
    sources: dict[str, None] = {}
    matched, fresh, unused = 0, list[str](), list[str]()
    for path, module in model.named_modules():
        names = [f"{path}.{name}".lstrip(".") for name in _tensors(module)]
        source = getattr(module, _SOURCE, None)
        unused += getattr(module, _UNUSED, ())
        if source is None:
            fresh += names
        else:
            sources[source] = None
            matched += len(names)
    return PretrainedReport(" + ".join(sources), matched, tuple(fresh), tuple(unused)) if sources else None


def timm_backbone(name: str, num_classes: int, pretrained: Pretrained = False, **args: Any) -> nn.Module:
    """A timm classifier with a fresh head of ``num_classes``; 0 leaves the head out.

    Raises:
        FerError: timm has no such model, the weights cannot be had, or they do not fit as a whole.
    """
    forbidden = sorted(_FORBIDDEN & args.keys())
    if forbidden:
        raise FerError(f"The option '{forbidden[0]}' is not accepted.")
    if not timm.is_model(name):
        near = timm.list_models(f"*{name[:6]}*")[:3]
        raise FerError(f"timm has no model '{name}'" + (f"; near: {', '.join(near)}." if near else "."))
    if not pretrained:
        model: nn.Module = timm.create_model(name, num_classes=num_classes, **args)
        return model
    if pretrained is True:
        model = _from_hub(name, **args)
        model.reset_classifier(num_classes)  # type: ignore[operator]
    else:
        model = timm.create_model(name, num_classes=num_classes, **args)
        load_backbone_file(model, Path(pretrained))
    if num_classes:
        _quiet_head(model)
    return model


def branch(build: Build, name: str, pretrained: Pretrained, **args: Any) -> nn.Module:
    """A network without its classifier, as one of several whose maps are joined; call its ``forward_features``.

    Args:
        build: makes it.
        name: timm's name of it, which a folder of weights has a file for.
        pretrained: False, True, or that folder.

    Raises:
        FerError: ``pretrained`` is no folder or has no such file, or the weights do not fit.
    """
    if not isinstance(pretrained, bool):
        pretrained = _file_of(name, Path(pretrained))
    return build(num_classes=0, pretrained=pretrained, **args)


def load_backbone_file(model: nn.Module, path: Path) -> None:
    """Copies the weights of a safetensors file into ``model``; only the classifier may be missing or differ.

    Raises:
        FerError: the file is missing or damaged, or any tensor but the classifier's does not match by name and shape.
    """
    try:
        weights = load_file(path)
    except (OSError, SafetensorError, struct.error) as error:
        raise FerError(f"--pretrained {path}: not a readable safetensors file ({error}).") from error
    head = f"{getattr(model, 'default_cfg', {}).get('classifier', 'head.fc')}."
    own = model.state_dict()
    wrong = [
        key
        for key in own.keys() | weights.keys()
        if not key.startswith(head)
        and not key.endswith(_COUNTER)
        and (key not in weights or key not in own or weights[key].shape != own[key].shape)
    ]
    if wrong:
        raise FerError(
            f"--pretrained {path}: {len(wrong)} of {len(own)} tensors do not match this backbone, "
            f"first '{sorted(wrong)[0]}'."
        )
    body = {key: value for key, value in weights.items() if not key.startswith(head)}
    model.load_state_dict(body, strict=False)
    _mark(model, path.name, body, weights.keys() - body.keys())


def _from_hub(name: str, **args: Any) -> nn.Module:
    """timm's classifier as it was trained, head included: only so does timm insist that every tensor is filled.

    Raises:
        FerError: there are no such weights, they cannot be fetched, or they do not fit.
    """
    try:
        model: nn.Module = timm.create_model(name, pretrained=True, **args)
    except _HUB_ERRORS as error:
        raise FerError(
            f"The pretrained weights of '{name}' could not be fetched from the Hugging Face Hub "
            f"({type(error).__name__}); train without them or give a local file with --pretrained FILE."
        ) from error
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise FerError(f"timm's pretrained weights of '{name}' cannot be used: {reason[:300]}") from error
    config: dict[str, Any] = model.pretrained_cfg  # type: ignore[assignment]
    heads = tuple(f"{head}." for head in _as_tuple(config["classifier"]))
    own = model.state_dict()
    unused = {key for key in own if key.startswith(heads)}
    _mark(model, str(config.get("hf_hub_id") or config.get("url")), own.keys() - unused, unused)
    return model


def _quiet_head(model: nn.Module) -> None:
    """Starts the new classifier near zero: timm's own start for some families is so loud that the first steps, with a
    loss far above log K, would tear up the pretrained features."""
    for classifier in _as_tuple(model.get_classifier()):  # type: ignore[operator]
        nn.init.normal_(classifier.weight, std=0.01)
        if classifier.bias is not None:
            nn.init.zeros_(classifier.bias)


def _file_of(name: str, folder: Path) -> Path:
    file = folder / f"{name}.safetensors"
    if not file.is_file():
        raise FerError(
            f"--pretrained {folder}: this network has several backbones, so a folder is expected here that holds "
            f"a file for each; there is no {file.name}."
        )
    return file


def _mark(model: nn.Module, source: str, filled: Iterable[str], unused: Iterable[str]) -> None:
    """Notes on the modules where their tensors are from."""
    setattr(model, _UNUSED, tuple(sorted(unused)))
    for path in {key.rpartition(".")[0] for key in filled}:
        setattr(model.get_submodule(path), _SOURCE, source)


def _tensors(module: nn.Module) -> list[str]:
    """Names of a module's own parameters and stored buffers."""
    own = [name for name, _ in module.named_parameters(recurse=False)]
    kept = (name for name, _ in module.named_buffers(recurse=False) if name not in module._non_persistent_buffers_set)
    return own + [name for name in kept if name != _COUNTER]


def _by_module(names: Iterable[str]) -> str:
    """``gates.0.fc.weight, gates.1.fc.weight`` as "gates.fc (2)"; deep paths are cut, so that it stays one line."""
    counts = Counter(".".join([step for step in name.split(".")[:-1] if not step.isdigit()][:3]) for name in names)
    return ", ".join(f"{module} ({count})" for module, count in counts.items()) or "nothing"


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
