"""What every explanation shares: one verb, declared parameters, and a network that is left as it was found."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_explain.explain.parameters import Parameter
from fer_explain.explain.trace import Trace, trace
from fer_explain.models.registry import Architecture
from fer_explain.types import Floats, Frame, Heatmap

Turn = Callable[[float], AbstractContextManager[object]]
"""Entered around every stretch in which the network runs, with the share (0..1) of the work that is done by then.

Between two turns others may use the network. Whoever gives the turns may raise on entry, which ends the explanation.
"""


def undivided(_share: float) -> AbstractContextManager[object]:
    """The turns of someone who has the network for himself."""
    return nullcontext()


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


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What is to be explained: the network's answer to a batch of N faces.

    Attributes:
        x: (N, C, S, S), outside any graph.
        targets: the class to explain for each face; None means the predicted one.
        regions: (N, S, S), for each pixel the index of its facial region, where a method wants them.
    """

    model: nn.Module
    architecture: Architecture
    x: Tensor
    targets: list[int] | None = None
    regions: Tensor | None = None
    turn: Turn = undivided

    @contextmanager
    def alone(self, *, gradients: bool, share: float = 0.0) -> Iterator[nn.Module]:
        """One turn with the network, which is in evaluation mode and as it was before afterwards."""
        with self.turn(share), undisturbed(self.model, gradients=gradients):
            yield self.model


class Passes:
    """The passes of a long explanation: each is a turn of its own and counts towards the whole."""

    def __init__(self, case: Case, total: int) -> None:
        self.model = case.model
        self._case = case
        self._total = total
        self._done = 0

    @contextmanager
    def turn(self, *, gradients: bool) -> Iterator[nn.Module]:
        """The next pass; see :meth:`Case.alone`."""
        share = min(1.0, self._done / self._total)
        with self._case.alone(gradients=gradients, share=share) as model:
            yield model
        self._done += 1

    def forward(self, x: Tensor) -> Tensor:
        """The network as a function, for a library that asks it about changed faces (N, C, S, S)."""
        with self.turn(gradients=False) as model:
            logits: Tensor = model(x)
        return logits

    def gradients_of(self, compute: Callable[..., Any]) -> Callable[..., Any]:
        """A library's function that runs the network forwards and backwards, as one pass."""

        @wraps(compute)
        def in_turn(*args: Any, **kwargs: Any) -> Any:
            with self.turn(gradients=True):
                return compute(*args, **kwargs)

        return in_turn


@dataclass(frozen=True)
class Explainer(ABC):
    """An explanation with its settings. A variant is a frozen dataclass: its fields are its parameters.

    A variant implements :meth:`_attribute` and declares:

    * ``name``: what the API and the command line call it;
    * ``title`` and ``description`` (one sentence): what people read;
    * ``signed``: whether its maps also hold evidence against the class;
    * ``slow``: whether it takes many passes, so that people want to see it proceed and be able to stop it;
    * ``needs_regions``: whether it wants to know which part of the face each pixel shows.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    signed: ClassVar[bool] = False
    slow: ClassVar[bool] = False
    needs_regions: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for parameter in self.parameters():
            object.__setattr__(self, parameter.name, parameter.accept(getattr(self, parameter.name)))

    @classmethod
    def parameters(cls) -> list[Parameter]:
        """The settings this explanation has, in order."""
        return [Parameter(entry.name, default=entry.default, **entry.metadata) for entry in dataclasses.fields(cls)]

    @property
    def unit(self) -> str:
        """What the raw values of its maps are in: only maps of one unit can share a scale."""
        return self.name

    def attribute(
        self,
        model: nn.Module,
        architecture: Architecture,
        x: Tensor,
        targets: int | Sequence[int] | None = None,
        *,
        regions: Tensor | None = None,
        turn: Turn = undivided,
    ) -> Attribution:
        """Explains why the network gives each face its class.

        The network may be in any mode; hooks, modes, ``requires_grad``, ``.grad`` and random state are afterwards as
        they were, also when an exception ends the call. Not safe for two threads on one network at a time, unless
        their turns exclude each other (:class:`fer_explain.analyzer.Analyzer` holds a lock for that).

        Args:
            model: maps x to logits (N, K).
            architecture: its registry entry, which names the layer to read.
            x: (N, C, S, S) as from ``faces.preprocess``.
            targets: class indices to explain, one for all or one per face; None means the predicted class of each.
            regions: (N, S, S) from ``faces.regions``; without them a method that needs them goes by a canonical layout.
            turn: see :data:`Turn`.

        Raises:
            ValueError: a wrong number of targets, or a negative one.
            FerError: a parameter does not fit the network.
        """
        return self._attribute(Case(model, architecture, x.detach(), _per_face(targets, len(x)), regions, turn))

    @abstractmethod
    def _attribute(self, case: Case) -> Attribution:
        """The explanation itself, which uses the network in :meth:`Case.alone` only."""


def observe(model: nn.Module, x: Tensor) -> Attribution:
    """Prediction, spatial transformer and gates of a batch (N, C, S, S), without an explanation: one forward pass."""
    with undisturbed(model, gradients=False), trace(model) as seen:
        return Attribution(model(x), seen)


@contextmanager
def undisturbed(model: nn.Module, *, gradients: bool) -> Iterator[None]:
    """Evaluation mode and frozen weights inside; modes, gradients and random state are put back at the end."""
    # One walk, as there are hundreds of modules. For the same reason only what differs is set below: assigning to a
    # module costs much more than asking it.
    modes = [(module, module.training) for module in model.modules()]
    parameters = (weight for module, _ in modes for weight in module._parameters.values() if weight is not None)
    weights = [(weight, weight.requires_grad, weight.grad) for weight in parameters]
    with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(gradients):
        try:
            if any(training for _, training in modes):
                model.eval()
            for weight, requires_grad, _ in weights:
                if requires_grad:
                    weight.requires_grad_(False)
            yield
        finally:
            for module, training in modes:
                if module.training != training:
                    module.training = training
            for weight, requires_grad, grad in weights:
                if weight.requires_grad != requires_grad:
                    weight.requires_grad_(requires_grad)
                if weight.grad is not grad:
                    weight.grad = grad


def to_heatmaps(
    raw: Floats,
    size: tuple[int, int],
    *,
    frame: Frame,
    method: str,
    targets: Sequence[int],
    layer: str | None = None,
    signed: bool = False,
) -> list[Heatmap]:
    """Raw maps (N, h, w) as heat maps of ``size`` (H, W): enlarged bilinearly, then divided by their largest value.

    That value is kept as ``scale``; an empty map stays empty, with scale 0.
    """
    enlarged = F.interpolate(torch.from_numpy(raw)[:, None].float(), size, mode="bilinear", align_corners=False)[:, 0]
    heatmaps = []
    for values, target in zip(enlarged.numpy(), targets, strict=True):
        scale = float(abs(values).max())
        heatmaps.append(Heatmap(values / scale if scale else values, frame, method, target, scale, layer, signed))
    return heatmaps


def _per_face(targets: int | Sequence[int] | None, faces: int) -> list[int] | None:
    if targets is None:
        return None
    chosen = [targets] * faces if isinstance(targets, int) else [int(target) for target in targets]
    if len(chosen) != faces or min(chosen, default=0) < 0:
        raise ValueError(f"expected one class index of 0 or more for each of {faces} faces, got {chosen}")
    return chosen
