"""What an explanation is given, made from what people give: faces, names of classes, settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from fer_explain.emotions import key_of
from fer_explain.errors import FerError
from fer_explain.explain.registry import method as variant
from fer_explain.faces.preprocess import preprocess
from fer_explain.faces.regions import face_regions
from fer_explain.types import Face, InputSpec


def batch(faces: Sequence[Face], spec: InputSpec) -> Tensor:
    """The faces as a network's input (N, C, S, S)."""
    return torch.cat([preprocess(face, spec) for face in faces])


def facial_regions(method: str | None, faces: Sequence[Face], size: int) -> Tensor | None:
    """Which part of the face each pixel of a crop shows (N, S, S), for a method that wants to know."""
    if method is None or not variant(method).needs_regions:
        return None
    return torch.stack([torch.from_numpy(face_regions(face, size)) for face in faces])


def class_index(target: int | str, labels: Sequence[str]) -> int:
    """The index of a class given by index, name or alias of its name ("happiness").

    Raises:
        FerError: there is no such class; the sentence names those there are.
    """
    if isinstance(target, str):
        if target in labels:
            return labels.index(target)
        keys = [key_of(label) for label in labels]
        if key_of(target) in keys:
            return keys.index(key_of(target))
    elif 0 <= target < len(labels):
        return int(target)
    accepted = f"{', '.join(labels)}, or 0 to {len(labels) - 1}"
    raise FerError(f"'{target}' is no class of this network: choose one of {accepted}.")


def with_class_indices(method: str | None, settings: dict[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """The settings of a method with classes as indices where people name one or several.

    Raises:
        FerError: there is no such method or class.
    """
    kinds = {} if method is None else {parameter.name: parameter.kind for parameter in variant(method).parameters()}
    return {
        name: _class_indices(value, labels) if kinds.get(name) == "classes" else value
        for name, value in settings.items()
    }


def _class_indices(value: Any, labels: Sequence[str]) -> tuple[int, ...]:
    classes = [value] if isinstance(value, int | str) else value or ()
    return tuple(class_index(one, labels) for one in classes)
