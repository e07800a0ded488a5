"""What every explanation shares: one verb, declared parameters, and a network that is left as it was found."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_explain.explain.trace import Trace, trace
from fer_explain.models.registry import Architecture
from fer_explain.types import Floats, Frame, Heatmap


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """What one call told about a batch of N faces.

    Attributes:
        logits: (N, K), detached, on the network's device.
        trace: spatial transformer and gates in the pass that gave the logits.
        heatmaps: one per face; empty when only the network was observed.
    """

    logits: Tensor
    trace: Trace
    heatmaps: list[Heatmap] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting of an explanation, as a user interface or a command line needs it to build a control."""

    name: str
    type: str
    default: Any
    help: str


def option(default: Any, text: str) -> Any:
    """A field of an :class:`Explainer`: its default and one sentence of help."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Explainer(ABC):
    """An explanation with its settings. A variant is a frozen dataclass: its fields are its parameters.

    A variant implements :meth:`_attribute` and declares:

    * ``name``: what the API and the command line call it;
    * ``title`` and ``description`` (one sentence): what people read;
    * ``needs_gradients``: whether gradients are on while it runs.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    needs_gradients: ClassVar[bool] = True

    @classmethod
    def parameters(cls) -> list[Parameter]:
        """The settings this explanation has, in order."""
        return [
            Parameter(entry.name, str(entry.type), entry.default, entry.metadata["help"])
            for entry in dataclasses.fields(cls)
        ]

    def attribute(
        self, model: nn.Module, architecture: Architecture, x: Tensor, targets: int | Sequence[int] | None = None
    ) -> Attribution:
        """Explains why the network gives each face its class.

        The network may be in any mode; hooks, modes, ``requires_grad``, ``.grad`` and random state are afterwards as
        they were, also when an exception ends the call. Not safe for two threads on one network at a time
        (:class:`fer_explain.analyzer.Analyzer` holds a lock for that).

        Args:
            model: maps x to logits (N, K).
            architecture: its registry entry, which names the layer to read.
            x: (N, C, S, S) as from ``faces.preprocess``.
            targets: class indices to explain, one for all or one per face; None means the predicted class of each.

        Raises:
            ValueError: a wrong number of targets, or a negative one.
            FerError: a parameter does not fit the network.
        """
        chosen = _per_face(targets, len(x))
        with undisturbed(model, gradients=self.needs_gradients):
            return self._attribute(model, architecture, x.detach(), chosen)

    @abstractmethod
    def _attribute(
        self, model: nn.Module, architecture: Architecture, x: Tensor, targets: list[int] | None
    ) -> Attribution:
        """The explanation itself. The network is in evaluation mode and its weights require no gradient."""


def observe(model: nn.Module, x: Tensor) -> Attribution:
    """Prediction, spatial transformer and gates of a batch (N, C, S, S), without an explanation: one forward pass."""
    with undisturbed(model, gradients=False), trace(model) as seen:
        return Attribution(model(x), seen)


@contextmanager
def undisturbed(model: nn.Module, *, gradients: bool) -> Iterator[None]:
    """Evaluation mode and frozen weights inside; modes, gradients and random state are put back at the end."""
    modes = [(module, module.training) for module in model.modules()]
    weights = [(weight, weight.requires_grad, weight.grad) for weight in model.parameters()]
    with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(gradients):
        try:
            model.eval().requires_grad_(False)
            yield
        finally:
            for module, training in modes:
                module.training = training
            for weight, requires_grad, grad in weights:
                weight.requires_grad_(requires_grad)
                weight.grad = grad


def to_heatmaps(
    raw: Floats,
    size: tuple[int, int],
    *,
    frame: Frame,
    method: str,
    targets: Sequence[int],
    layer: str | None = None,
) -> list[Heatmap]:
    """Raw maps (N, h, w) as heat maps of ``size`` (H, W): enlarged bilinearly, then divided by their largest value.

    That value is kept as ``scale``; an empty map stays empty, with scale 0.
    """
    enlarged = F.interpolate(torch.from_numpy(raw)[:, None].float(), size, mode="bilinear", align_corners=False)[:, 0]
    heatmaps = []
    for values, target in zip(enlarged.numpy(), targets, strict=True):
        scale = float(abs(values).max())
        heatmaps.append(Heatmap(values / scale if scale else values, frame, method, target, scale, layer))
    return heatmaps


def _per_face(targets: int | Sequence[int] | None, faces: int) -> list[int] | None:
    if targets is None:
        return None
    chosen = [targets] * faces if isinstance(targets, int) else [int(target) for target in targets]
    if len(chosen) != faces or min(chosen, default=0) < 0:
        raise ValueError(f"expected one class index of 0 or more for each of {faces} faces, got {chosen}")
    return chosen
