"""Interventions: what a network says when its spatial transformer looks elsewhere or its gates let other channels pass.

An intervention lives in a block, by hooks on named submodules, and is gone when the block ends. Blocks can be nested:
they act in the order in which they were opened, so a trace opened inside them sees what they made of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.explain.registry import DEFAULT, explain
from fer_explain.explain.registry import method as variant
from fer_explain.explain.results import per_face
from fer_explain.faces.preprocess import preprocess
from fer_explain.faces.regions import face_regions
from fer_explain.hub.checkpoint import Checkpoint
from fer_explain.models import Architecture
from fer_explain.models.layers.gates import find_gates
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.types import Face, FaceAnalysis, Floats

Lend = Callable[[], AbstractContextManager[tuple[Checkpoint, Architecture]]]
"""Opens a block in which a network is ours: ``partial(analyzer.borrow, name)``."""

SPATIAL = ("cbam_spatial", "unet")  # gates over places: they have no channels to close


@dataclass(frozen=True, slots=True, eq=False)
class GateChange:
    """What is done to the channel weights (C,) of one gate: weights * ``factors`` + ``offsets``, each (C,)."""

    layer: str
    factors: Floats
    offsets: Floats

    @classmethod
    def knock_out(cls, layer: str, channels: Sequence[int], size: int) -> GateChange:
        """Closes some of the ``size`` channels: their weight becomes 0."""
        return cls.freeze(layer, channels, np.zeros(size, np.float32))

    @classmethod
    def freeze(cls, layer: str, channels: Sequence[int], means: Floats) -> GateChange:
        """Puts some channels at their value in ``means`` (C,), whatever the face: their gate decides nothing more."""
        chosen = _chosen(channels, len(means))
        return cls(layer, np.where(chosen, 0, 1).astype(np.float32), np.where(chosen, means, 0).astype(np.float32))

    @classmethod
    def boost(cls, layer: str, channels: Sequence[int], size: int, factor: float = 2.0) -> GateChange:
        """Multiplies the weight of some of the ``size`` channels; above 1 lies what the gate itself cannot reach."""
        factors = np.where(_chosen(channels, size), factor, 1).astype(np.float32)
        return cls(layer, factors, np.zeros(size, np.float32))


@contextmanager
def override_theta(model: nn.Module, theta: ArrayLike) -> Iterator[None]:
    """The spatial transformer samples with ``theta`` (2, 3), or one for each face (N, 2, 3), inside the block.

    Raises:
        FerError: the network has no spatial transformer.
        ValueError: another shape, or values that are not finite.
    """
    wanted = torch.as_tensor(np.asarray(theta, np.float32))
    if wanted.shape[-2:] != (2, 3) or wanted.ndim > 3 or not wanted.isfinite().all():
        raise ValueError(f"expected a finite theta (2, 3) or (N, 2, 3), got {tuple(wanted.shape)}")
    stn = next((module for module in model.modules() if isinstance(module, SpatialTransformer)), None)
    if stn is None:
        raise FerError("This network has no spatial transformer whose window could be changed.")

    def replaced(_module: nn.Module, _inputs: object, own: Tensor) -> Tensor:
        return wanted.to(own).expand(own.shape)

    with _hooked(stn.theta, replaced):
        yield


@contextmanager
def override_gate(
    model: nn.Module, layer: str, factors: ArrayLike | Tensor = 1.0, offsets: ArrayLike | Tensor = 0.0
) -> Iterator[None]:
    """A channel gate gives weights * ``factors`` + ``offsets`` inside the block.

    Args:
        model: the network.
        layer: path of the gate's layer, as in :class:`fer_explain.types.ChannelGate`.
        factors: a number, (C,), or (N, C) with a row for each face of the batch.
        offsets: like ``factors``.

    Raises:
        FerError: there is no such gate, or it weighs places instead of channels.
        ValueError: (in the pass) neither shape fits the gate's channels.
    """
    multiply, add = (torch.as_tensor(value, dtype=torch.float32) for value in (factors, offsets))

    def changed(_module: nn.Module, _inputs: object, own: Tensor) -> Tensor:
        weights = own.flatten(1)
        try:
            multiplied, added = multiply.to(own).expand_as(weights), add.to(own).expand_as(weights)
        except RuntimeError as error:
            raise ValueError(f"{layer}: expected values for weights of shape {tuple(weights.shape)}: {error}") from None
        return (weights * multiplied + added).view_as(own)

    with _hooked(channel_gate(model, layer), changed):
        yield


@contextmanager
def intervention(model: nn.Module, theta: ArrayLike | None = None, gates: Sequence[GateChange] = ()) -> Iterator[None]:
    """All changes at once, as :func:`override_theta` and :func:`override_gate` make them, in the order given."""
    with ExitStack() as stack:
        if theta is not None:
            stack.enter_context(override_theta(model, theta))
        for change in gates:
            stack.enter_context(override_gate(model, change.layer, change.factors, change.offsets))
        yield


def predict_with(
    lend: Lend,
    face: Face,
    *,
    theta: ArrayLike | None = None,
    gates: Sequence[GateChange] = (),
    method: str | None = DEFAULT,
    target: int | None = None,
    **parameters: Any,
) -> FaceAnalysis:
    """What a network tells about a face while its window or its gates are changed: prediction, gates and heat map.

    The changes hold in every pass of the explanation. The network is borrowed for one pass at a time, so nobody else
    ever meets them.

    Args:
        lend: see :data:`Lend`.
        face: the face.
        theta: (2, 3) for the spatial transformer; None leaves it to itself.
        gates: changes of channel gates.
        method: an explanation; None leaves the heat map out.
        target: index of the class to explain; None means the class that is predicted *with* the changes.
        parameters: settings of the method.

    Raises:
        FerError: the network has no spatial transformer, no such gate, or the explanation does not fit.

    Example::

        turned = predict_with(partial(analyzer.borrow, None), face, theta=Pose(rotation=20).theta)
        turned.prediction.label, turned.heatmap.values
    """
    with lend() as (checkpoint, architecture):
        model, config = checkpoint.model, checkpoint.config

    @contextmanager
    def turn(_share: float) -> Iterator[None]:
        with lend(), intervention(model, theta, gates):
            yield

    x = preprocess(face, config.input).to(next(model.parameters()).device)
    needs_regions = method is not None and variant(method).needs_regions
    regions = torch.from_numpy(face_regions(face, config.input.size))[None] if needs_regions else None
    told = explain(model, architecture, x, target, method, regions=regions, turn=turn, **parameters)
    return per_face(told, [face], spec=config.input, labels=config.label_names, temperature=config.temperature)[0]


def channel_gate(model: nn.Module, layer: str) -> nn.Module:
    """The submodule that puts out the channel weights of a layer.

    Raises:
        FerError: there is no such gate, or it weighs places instead of channels.
    """
    gates = find_gates(model)
    channel_gates = [path for path, (kind, _) in gates.items() if kind not in SPATIAL]
    if layer in channel_gates:
        return gates[layer][1]
    if layer in gates:
        raise FerError(f"The gate '{layer}' weighs places, not channels: there is no channel to change.")
    raise FerError(f"The network has no channel gate '{layer}'; it has {', '.join(channel_gates) or 'none'}.")


@contextmanager
def _hooked(module: nn.Module, hook: Callable[[nn.Module, object, Tensor], Tensor]) -> Iterator[None]:
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _chosen(channels: Sequence[int], size: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which of ``size`` channels are chosen.

    Raises:
        ValueError: a channel that does not exist.
    """
    if any(not 0 <= channel < size for channel in channels):
        raise ValueError(f"channels must lie in 0..{size - 1}, got {sorted(channels)}")
    chosen = np.zeros(size, np.bool_)
    chosen[list(channels)] = True
    return chosen
