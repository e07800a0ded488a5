"""Reads the tensors worth showing while a network runs: what its spatial transformer did, what its gates weighed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from fer_explain.models.layers.gates import find_gates
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.types import Frame

# Gates that weigh places, and the name a SpatialGate has for them; every other kind weighs channels.
_SPATIAL_KINDS = {"cbam_spatial": "cbam", "unet": "unet"}


@dataclass(frozen=True, slots=True, eq=False)
class TracedGate:
    """What one gate put out for a batch: weights (N, C) of the channels, or a map (N, h, w)."""

    layer: str
    kind: str
    values: Tensor


@dataclass(slots=True, eq=False)
class Trace:
    """What the last forward pass inside :func:`trace` told; the tensors stay on the network's device.

    Attributes:
        stn: path of the spatial transformer; None where the network has none.
        theta: (N, 2, 3) as in :class:`fer_explain.types.Warp`; None without a spatial transformer or before a pass.
        warped: the aligned input (N, C, S, S); None like ``theta``.
        channel_gates: by path of their layer, in the order in which they ran.
        spatial_gates: likewise.
    """

    stn: str | None = None
    theta: Tensor | None = None
    warped: Tensor | None = None
    channel_gates: dict[str, TracedGate] = field(default_factory=dict)
    spatial_gates: dict[str, TracedGate] = field(default_factory=dict)

    def frame(self, layer: str) -> Frame:
        """The frame in which the maps of a layer lie: ``"warped"`` behind the spatial transformer, else ``"crop"``."""
        inside_stn = self.stn is not None and layer.startswith(f"{self.stn}.")
        return "crop" if self.stn is None or inside_stn else "warped"

    def add_gate(self, layer: str, kind: str, output: Tensor) -> None:
        """Keeps what a gate put out.

        That is (N, C, 1, 1) of SE and CBAM, (N, 1, C) of ECA, (N, 1, h, w) of CBAM's spatial gate and (N, C, h, w) of a
        U-Net. A mask with a weight per channel becomes the map of its largest weights: where a softmax over channels
        made the mask, the mean would be 1/C at every place.
        """
        if kind in _SPATIAL_KINDS:
            self.spatial_gates[layer] = TracedGate(layer, _SPATIAL_KINDS[kind], output.amax(1))
        else:
            self.channel_gates[layer] = TracedGate(layer, kind, output.flatten(1))


@contextmanager
def trace(model: nn.Module, *, keep_graph: bool = False) -> Iterator[Trace]:
    """Collects what the network's named submodules put out while it runs, whoever calls it.

    Args:
        model: any network; one without a spatial transformer or gates leaves the trace empty.
        keep_graph: leave the tensors in the graph, for a loss on theta or on a gate. They are detached by default, so
            that a trace that is kept does not keep a graph alive.

    Yields:
        The trace, filled by each forward pass; a later pass replaces what an earlier one left. The hooks are gone
        when the block ends, by an exception too.

    Example::

        with trace(model) as seen:
            logits = model(x)
        seen.theta, seen.channel_gates["gates.0"].values
    """
    seen = Trace()
    handles: list[RemovableHandle] = []
    try:
        for module, keep in _sources(model, seen):
            handles.append(module.register_forward_hook(_reader(keep, keep_graph)))
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _sources(model: nn.Module, seen: Trace) -> Iterator[tuple[nn.Module, Callable[[Tensor], None]]]:
    """The submodules to read, each with what keeps its output."""
    transformers = ((path, module) for path, module in model.named_modules() if isinstance(module, SpatialTransformer))
    for path, stn in transformers:
        seen.stn = path
        yield stn.theta, partial(setattr, seen, "theta")
        yield stn, partial(setattr, seen, "warped")
        break
    for layer, (kind, gate) in find_gates(model).items():
        yield gate, partial(seen.add_gate, layer, kind)


def _reader(keep: Callable[[Tensor], None], keep_graph: bool) -> Callable[[nn.Module, object, Tensor], None]:
    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        keep(output if keep_graph else output.detach())

    return hook
