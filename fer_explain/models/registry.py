"""The list of architectures. A network is registered beside its definition; every other list derives from here.

Beside the registered names, rules make a network of any timm model: ``timm:<name>`` as it is, and
``stn_<gate>_<timm backbone>`` with EmoNeXt's additions.
"""

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


@dataclass(frozen=True, slots=True)
class Architecture:
    """What the rest of the house must know about a network.

    Attributes:
        name: what the API and the command line call it.
        build: ``build(num_classes=..., pretrained=..., **model_args) -> nn.Module``.
        input: the input it is made for.
        cam_layer: path of the submodule whose output map Grad-CAM reads.
        summary: one line of what it is.
        title: what people call it, as the subject of a sentence: "VGG19 has no spatial transformer".
        paper: where it is from.
        recipe: name of the training recipe of its paper, in ``training/recipes``.
        cam_nhwc: that map is (N, H, W, C), as in Swin transformers.
        compact: at most 4 M parameters and 48-112 px, trainable on a CPU.
        from_scratch: no published weights have its shape, so ``pretrained`` is refused.
    """

    name: str
    build: Build
    input: InputSpec
    cam_layer: str
    summary: str
    title: str = ""
    paper: str = ""
    recipe: str = "modern"
    cam_nhwc: bool = False
    compact: bool = False
    from_scratch: bool = False


Resolver = Callable[[str], Architecture | None]

_registered: dict[str, Architecture] = {}
_resolvers: list[Resolver] = []


def register(entry: Architecture) -> None:
    """Adds a network, whose name must be new.

    Raises:
        ValueError: the name is taken.
    """
    if entry.name in _registered:
        raise ValueError(f"architecture {entry.name!r} is registered twice")
    _registered[entry.name] = entry


def register_family(resolver: Resolver) -> Resolver:
    """Adds a rule that turns a name such as ``stn_eca_resnet18`` into an architecture, or returns None."""
    _resolvers.append(resolver)
    return resolver


def list_models(pattern: str = "*", *, compact: bool | None = None) -> list[str]:
    """Names of the registered networks in alphabetical order; ``compact`` keeps only the compact / full-size ones.

    Beside these, ``timm:<name>`` and ``stn_<gate>_<timm backbone>`` make a network of any timm model.
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
        name: one of :func:`list_models`, ``timm:<name>``, or ``stn_<gate>_<timm backbone>``.
        num_classes: K, at least 2.
        pretrained: backbone weights: True loads timm's from the Hub, a path loads that safetensors file (for a network
            of several backbones: a folder with a file for each, see :mod:`fer_explain.models.backbone`). What was
            filled is told by :func:`~fer_explain.models.backbone.pretrained_report`.
        model_args: options of the architecture (see its docstring), e.g. ``se_placement="downsample"``.

    Raises:
        FerError: an unknown name or option, or weights that cannot be had or do not fit as a whole.
    """
    entry = architecture(name)
    if pretrained and entry.from_scratch:
        raise FerError(
            f"'{name}' has no pretrained weights, as none are published in its shape; train it from scratch."
        )
    try:
        return entry.build(num_classes=num_classes, pretrained=pretrained, **model_args)
    except TypeError as error:
        if "unexpected keyword argument" in str(error):
            raise FerError(f"'{name}' has no option {str(error).rsplit(' ', 1)[-1]}.") from error
        raise
