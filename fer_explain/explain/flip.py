"""The smallest set of channels of one gate whose removal makes the network change its mind about a face.

Finding it is a search over subsets. Where all smaller sets can be tried, the result is proven smallest; elsewhere it is
the smallest that was found, with no member to spare, and says so. Every claim is made by running the network.

1. All single channels, the most promising first: by weight * gradient of the margin, the first-order effect of closing
   a channel (gradient * input of Shrikumar et al. 2017, section 2.1, with the gate's weights as the input).
2. When none flips the answer: the channels with the largest effects together, one more at a time, until it flips.
3. The same greedily, each time adding the channel that then lowers the margin most, as long as that set stays smaller.
4. Members whose return leaves the answer flipped are given back.
5. All sets of two, three, ... channels below that size, as long as the number of runs allows it.

Only what lies behind the gate runs once for each set: the batch grows from one face to many at the gate's layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from typing import Final

import torch
from torch import Tensor, nn

from fer_explain.explain.base import Turn, undisturbed, undivided
from fer_explain.explain.intervene import Lend, channel_gate, override_gate
from fer_explain.faces.preprocess import preprocess
from fer_explain.types import Face, Floats

CHUNK: Final = 32  # sets per forward pass: a tenth of a second of the default network on one core
RUNS: Final = 1000
SINGLES: Final = 512  # channels that are tried alone; a gate with more keeps to the most promising
CANDIDATES: Final = 16  # channels that each greedy step tries

Channels = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Flip:
    """What the search found.

    Attributes:
        layer: path of the gate's layer.
        channels: the set, in ascending order; empty when none was found.
        before: logits (K,) of the network as it is.
        after: logits (K,) without the set; ``before`` when none was found.
        proven: every smaller set was tried and leaves the answer as it is.
        tried_up_to: every set of up to this size was tried.
        runs: sets that were tried.
    """

    layer: str
    channels: Channels
    before: Floats
    after: Floats
    proven: bool
    tried_up_to: int
    runs: int


def smallest_flip(model: nn.Module, x: Tensor, layer: str, *, runs: int = RUNS, turn: Turn = undivided) -> Flip:
    """Searches one gate for the smallest set of channels whose removal (weight 0) changes the predicted class.

    Args:
        model: the network, left as it was found, whatever happens.
        x: one face (1, C, S, S).
        layer: path of the gate's layer.
        runs: how many sets may be tried; the bound on time.
        turn: entered around every pass with the share of ``runs`` that is used up; may raise to end the search, see
            :data:`fer_explain.explain.base.Turn`.

    Raises:
        FerError: there is no such gate, or it weighs places.
        ValueError: not exactly one face.
    """
    if len(x) != 1:
        raise ValueError(f"expected one face (1, C, S, S), got {tuple(x.shape)}")
    search = _Search(model, x, layer, runs, turn)
    channels = search.promising()
    found = search.best_flip((channel,) for channel in channels[:SINGLES])
    tried_up_to = int(search.runs == len(channels))
    if found is None:
        found = search.thinned(search.greedy(search.together(channels)))
        while tried_up_to and tried_up_to + 1 < len(found) and search.affords(comb(len(channels), tried_up_to + 1)):
            tried_up_to += 1
            found = search.best_flip(combinations(range(len(channels)), tried_up_to)) or found
    proven = bool(found) and tried_up_to >= len(found) - 1
    after = search.answers.get(found, search.before)
    return Flip(layer, found, search.before.numpy(), after.numpy(), proven, tried_up_to, search.runs)


def find_flip(
    lend: Lend, face: Face, layer: str, *, runs: int = RUNS, report: Callable[[float], None] = lambda _share: None
) -> Flip:
    """:func:`smallest_flip` with a network that is borrowed for one pass at a time.

    Args:
        lend: see :data:`fer_explain.explain.intervene.Lend`.
        face: the face.
        layer: path of the gate's layer.
        runs: how many sets may be tried.
        report: called with the share (0..1) of the runs that is used up; may raise to end the search.

    Raises:
        FerError: there is no such gate, or it weighs places.
    """
    with lend() as (checkpoint, _):
        model, spec = checkpoint.model, checkpoint.config.input

    @contextmanager
    def turn(share: float) -> Iterator[None]:
        report(share)
        with lend():
            yield

    x = preprocess(face, spec).to(next(model.parameters()).device)
    return smallest_flip(model, x, layer, runs=runs, turn=turn)


class _Search:
    """Runs the network without sets of channels, and remembers what that did."""

    def __init__(self, model: nn.Module, x: Tensor, layer: str, limit: int, turn: Turn) -> None:
        self.runs = 0
        self.margins: dict[Channels, float] = {}
        self.answers: dict[Channels, Tensor] = {}  # of the sets that flip
        self._gate = channel_gate(model, layer)
        self._model, self._x, self._layer, self._limit, self._turn = model, x.detach(), layer, limit, turn
        self.before, self._gradients = self._look()
        self._predicted = int(self.before.argmax())

    def promising(self) -> list[int]:
        """All channels; first those whose removal should lower the margin most, to first order."""
        return self._gradients.argsort(descending=True, stable=True).tolist()

    def affords(self, sets: int) -> bool:
        """Whether so many sets may still be tried."""
        return self.runs + sets <= self._limit

    def best_flip(self, sets: Iterable[Channels]) -> Channels | None:
        """Tries all sets; of those that flip the answer the one that does so most clearly."""
        tried = [channels for chunk in _chunks(sets) for channels in self._try(chunk)]
        flipped = (channels for channels in tried if channels in self.answers)
        return min(flipped, key=self.margins.__getitem__, default=None)

    def together(self, channels: list[int]) -> Channels:
        """The channels with the largest effects of their own, as few as flip the answer together; empty if none do."""
        ranked = sorted(channels, key=lambda channel: self.margins.get((channel,), float("inf")))
        for chunk in _chunks(tuple(sorted(ranked[:count])) for count in range(2, len(ranked) + 1)):
            if not self.affords(len(chunk)):
                break
            flipped = [prefix for prefix in self._try(chunk) if prefix in self.answers]
            if flipped:
                return flipped[0]
        return ()

    def greedy(self, known: Channels) -> Channels:
        """A smaller set than ``known``, grown by the channel that helps most at each step; else ``known``."""
        alone = sorted((channels for channels in self.margins if len(channels) == 1), key=self.margins.__getitem__)
        grown: Channels = alone[0]
        while len(grown) + 1 < len(known) or not known:
            fresh = [channel for (channel,) in alone if channel not in grown][:CANDIDATES]
            if not fresh or not self.affords(len(fresh)):
                break
            larger = [tuple(sorted((*grown, channel))) for channel in fresh]
            flipping = self.best_flip(larger)
            if flipping:
                return flipping
            grown = min(larger, key=self.margins.__getitem__)
        return known

    def thinned(self, channels: Channels) -> Channels:
        """The set without members that are not needed, one less at a time."""
        while len(channels) > 2 and self.affords(len(channels)):
            fewer = self.best_flip(channels[:i] + channels[i + 1 :] for i in range(len(channels)))
            if fewer is None:
                break
            channels = fewer
        return channels

    def _look(self) -> tuple[Tensor, Tensor]:
        """Logits (K,), and weight * gradient of the margin for each channel (C,)."""
        seen: list[Tensor] = []

        def start(_module: nn.Module, _inputs: object, weights: Tensor) -> Tensor:
            seen.append(weights.detach().clone().requires_grad_())
            return seen[-1]

        with self._turn(0.0), undisturbed(self._model, gradients=True):
            handle = self._gate.register_forward_hook(start)
            try:
                logits: Tensor = self._model(self._x)
            finally:
                handle.remove()
            [gradient] = torch.autograd.grad(_margin(logits, int(logits.argmax())).sum(), seen[-1])
        return logits[0].detach().cpu(), (gradient * seen[-1]).detach().flatten().cpu()

    def _try(self, sets: list[Channels]) -> list[Channels]:
        """Runs the network without each of the sets."""
        kept = torch.ones(len(sets), len(self._gradients))
        for row, channels in zip(kept, sets, strict=True):
            row[list(channels)] = 0
        with (
            self._turn(min(1.0, self.runs / self._limit)),
            undisturbed(self._model, gradients=False),
            _grown(self._model.get_submodule(self._layer), len(sets)),
            override_gate(self._model, self._layer, kept),
        ):
            logits = self._model(self._x).cpu()
        self.runs += len(sets)
        self.margins |= dict(zip(sets, _margin(logits, self._predicted).tolist(), strict=True))
        flipped = logits.argmax(1) != self._predicted
        self.answers |= {channels: row for channels, row, flip in zip(sets, logits, flipped, strict=True) if flip}
        return sets


def _margin(logits: Tensor, predicted: int) -> Tensor:
    """How far the predicted class is ahead of the next (N,): negative once the answer has changed."""
    others = torch.cat([logits[:, :predicted], logits[:, predicted + 1 :]], dim=1)
    return logits[:, predicted] - others.amax(1)


@contextmanager
def _grown(layer: nn.Module, faces: int) -> Iterator[None]:
    """The one face that comes to a layer leaves it as a batch; shortcuts around the layer add to it by broadcasting."""

    def repeat(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return inputs[0].expand(faces, *inputs[0].shape[1:]).contiguous(), *inputs[1:]

    handle = layer.register_forward_pre_hook(repeat)
    try:
        yield
    finally:
        handle.remove()


def _chunks(sets: Iterable[Channels]) -> Iterator[list[Channels]]:
    remaining = iter(sets)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
