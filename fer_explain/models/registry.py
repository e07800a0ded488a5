"""The list of architectures. A network is registered beside its definition; every other list derives from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from torch import nn

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.types import InputSpec

Pretrained = bool | str | Path
Build = Callable[..., nn.Module]

_GRAY_IMAGENET = InputSpec(224, 3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True, slots=True)
class Architecture:
    """What the rest of the house must know about a network.

    Attributes:
        build: ``build(num_classes=..., pretrained=..., **model_args) -> nn.Module``.
        input: the input it is made for.
        cam_layer: path of the submodule whose output map Grad-CAM reads.
        cam_nhwc: that map is (N, H, W, C), as in Swin transformers.
        recipe: name of the training recipe of its paper, in ``training/recipes``.
        compact: at most 4 M parameters and 48-112 px, trainable on a CPU.
    """

    name: str
    build: Build
    input: InputSpec
    cam_layer: str
    summary: str
    paper: str = ""
    recipe: str = "modern"
    cam_nhwc: bool = False
    compact: bool = False


Resolver = Callable[[str], Architecture | None]

_registered: dict[str, Architecture] = {}
_resolvers: list[Resolver] = []


def register(
    name: str,
    build: Build,
    *,
    cam_layer: str,
    summary: str,
    input_spec: InputSpec = _GRAY_IMAGENET,
    paper: str = "",
    recipe: str = "modern",
    cam_nhwc: bool = False,
    compact: bool = False,
) -> None:
    """Adds a network under a name that must be new."""
    if name in _registered:
        raise ValueError(f"architecture {name!r} is registered twice")
    _registered[name] = Architecture(name, build, input_spec, cam_layer, summary, paper, recipe, cam_nhwc, compact)


def register_family(resolver: Resolver) -> Resolver:
    """Adds a rule that turns a name such as ``stn_eca_resnet18`` into an architecture, or returns None."""
    _resolvers.append(resolver)
    return resolver


def list_models(pattern: str = "*", *, compact: bool | None = None) -> list[str]:
    """Names of the registered networks in alphabetical order; ``compact`` keeps only the compact / full-size ones.

    Beside these, ``stn_<gate>_<timm backbone>`` makes a network of any timm backbone.
    """
    return sorted(
        name
        for name, entry in _registered.items()
        if fnmatch(name, pattern) and (compact is None or entry.compact is compact)
    )


def architecture(name: str) -> Architecture:
    """The architecture of that name.

    Raises:
        FerError: no such architecture; the sentence offers the nearest names.
    """
    if name in _registered:
        return _registered[name]
    for resolver in _resolvers:
        entry = resolver(name)
        if entry is not None:
            return entry
    near = get_close_matches(name, _registered, n=3) or list_models()[:3]
    raise FerError(f"There is no architecture '{name}'; did you mean {' or '.join(near)}?")


def create_model(
    name: str, num_classes: int = len(LABELS), pretrained: Pretrained = False, **model_args: Any
) -> nn.Module:
    """Builds a network whose ``forward`` maps float (N, C, S, S) to logits (N, ``num_classes``).

    Args:
        name: one of :func:`list_models`, or ``stn_<gate>_<timm backbone>``.
        num_classes: K, at least 2.
        pretrained: backbone weights: True loads timm's from the Hub, a path loads that safetensors file.
        model_args: options of the architecture (see its docstring), e.g. ``se_placement="downsample"``.

    Raises:
        FerError: an unknown name or option, or weights that cannot be had.
    """
    entry = architecture(name)
    try:
        return entry.build(num_classes=num_classes, pretrained=pretrained, **model_args)
    except TypeError as error:
        if "unexpected keyword argument" in str(error):
            raise FerError(f"'{name}' has no option {str(error).rsplit(' ', 1)[-1]}.") from error
        raise
