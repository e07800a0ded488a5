"""Asks a network many questions, a few at a time, and gives it back in between."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from fer_explain.explain.base import Attribution, Explainer, undisturbed
from fer_explain.explain.faithfulness.baselines import Doubles
from fer_explain.explain.faithfulness.folded import folded
from fer_explain.explain.unwarp import to_crop
from fer_explain.models.registry import Architecture
from fer_explain.types import Floats, Heatmap, Warp

CHUNK: Final = 10  # images per forward pass; with more, layers outgrow what the C library keeps between two passes

Progress = Callable[[float], None]
Answers = dict[bytes, Tensor]
"""Logits (K,) that a network gave an image, under the image's hash: rivals ask much of it again for another method."""


class Probe:
    """A network, an explanation and a class, to be asked again and again about changed copies of one face.

    A turn lasts one chunk; what is asked is a copy of the network that answers sooner. The perturbed face goes through
    the whole network as it is deployed: a spatial transformer re-estimates theta for each.

    Args:
        model: maps (N, C, S, S) to logits (N, K).
        architecture: its registry entry.
        explainer: the explanation under test.
        target: index of the class.
        regions: (1, S, S) facial regions, for an explanation that wants them.
        temperature: logits are divided by it before the softmax.
        borrow: opens a block in which the network is ours.
        total: number of questions to come; each image and each map is one.
        progress: called between chunks with the share (0..1) of them; an exception it raises ends the work.
        known: what this network answered before; looked up and added to.
    """

    def __init__(
        self,
        model: nn.Module,
        architecture: Architecture,
        explainer: Explainer,
        target: int,
        *,
        regions: Tensor | None = None,
        temperature: float = 1.0,
        borrow: Callable[[], AbstractContextManager[object]] = nullcontext,
        total: int = 1,
        progress: Progress | None = None,
        known: Answers | None = None,
    ) -> None:
        self.target = target
        self.asked = 0
        self._model = model
        self._architecture = architecture
        self._explainer = explainer
        self._regions = regions
        self._temperature = temperature
        self._borrow = borrow
        self._total = total
        self._progress = progress
        self._known = known
        self._folded: nn.Module | None = None

    def probabilities(self, images: Iterable[Tensor]) -> Doubles:
        """Probability (n,) of the class for each image, given as (n, C, S, S) or one by one as (C, S, S)."""
        shares: Doubles = (self._logits(images) / self._temperature).softmax(1)[:, self.target].numpy()
        return shares

    def log_odds(self, images: Tensor) -> Doubles:
        """log p / (1 - p) of the class for images (n, C, S, S): does not saturate where a network is sure."""
        scaled = self._logits(images) / self._temperature
        others = torch.cat([scaled[:, : self.target], scaled[:, self.target + 1 :]], dim=1)
        odds: Doubles = (scaled[:, self.target] - others.logsumexp(1)).numpy()
        return odds

    def maps(self, images: Tensor, model: nn.Module | None = None) -> Doubles:
        """The explanation of each image (n, C, S, S) on its raw scale, carried to the crop: (n, S, S).

        ``model`` takes the network's place: a copy that is ours anyway.
        """
        return np.stack([self._map(image[None], model) for image in images])

    def copy(self) -> nn.Module:
        """The network once more, to be changed at will."""
        with self._borrow():
            return copy.deepcopy(self._model).to(memory_format=torch.channels_last)  # sooner, like the folded one

    def tick(self, share: float = 0.0) -> None:
        """Reports progress, with the ``share`` (0..1) of the question in hand; where a cancelled test ends."""
        if self._progress is not None:
            self._progress(min(1.0, (self.asked + share) / self._total))

    def finish(self) -> None:
        """Reports that all is done: some questions need no answer once a verdict is certain."""
        if self._progress is not None:
            self._progress(1.0)

    def _logits(self, images: Iterable[Tensor]) -> Tensor:
        if self._known is None:
            return torch.cat(list(self._answers(_chunks(images))))
        pictures = list(images)
        keys = [hashlib.sha256(picture.cpu().numpy().tobytes()).digest() for picture in pictures]
        new = {key: picture for key, picture in zip(keys, pictures, strict=True) if key not in self._known}
        for answers, some in zip(self._answers(_chunks(new.values())), _parts(list(new)), strict=True):
            self._known.update(zip(some, answers, strict=True))
        return torch.stack([self._known[key] for key in keys])

    def _answers(self, chunks: Iterable[Tensor]) -> Iterator[Tensor]:
        for chunk in chunks:
            network = self._quick(chunk[:1])
            with self._borrow(), undisturbed(network, gradients=False):
                answers = network(chunk).double().cpu()
            self.asked += len(chunk)
            self.tick()
            yield answers

    def _map(self, image: Tensor, model: nn.Module | None) -> Doubles:
        turn = self._turn if model is None else self._turn_with_a_copy
        told = self._explainer.attribute(
            model or self._quick(image), self._architecture, image, self.target, regions=self._regions, turn=turn
        )
        self.asked += 1
        self.tick()
        return on_crop(told.heatmaps[0], theta_of(told), image.shape[-1])

    def _quick(self, x: Tensor) -> nn.Module:
        """A copy that answers the same, sooner."""
        if self._folded is None:
            with self._borrow():
                self._folded = folded(self._model, x)
        return self._folded

    def _turn(self, share: float) -> AbstractContextManager[object]:
        self.tick(share)
        return self._borrow()

    def _turn_with_a_copy(self, share: float) -> AbstractContextManager[object]:
        self.tick(share)
        return nullcontext()


def theta_of(told: Attribution) -> Floats | None:
    """What the spatial transformer did to the one face (2, 3); None without one."""
    theta = told.trace.theta
    return None if theta is None else theta[0].float().cpu().numpy()


def on_crop(heatmap: Heatmap, theta: Floats | None, side: int) -> Doubles:
    """A map on its raw scale, carried to the crop through the ``theta`` (2, 3) of the same pass: (side, side).

    Places that the network could not see, outside the window it sampled, have no relevance.
    """
    # The aligned picture is not needed to carry a map.
    warp = None if theta is None else Warp(theta, np.zeros((0, 0, 3), np.uint8))
    values, _ = to_crop(heatmap.values, heatmap.frame, warp, (side, side))
    return values.astype(np.float64) * heatmap.scale


def _parts(keys: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _chunks(images: Iterable[Tensor]) -> Iterator[Tensor]:
    chunk: list[Tensor] = []
    for image in images:
        chunk.append(image)
        if len(chunk) == CHUNK:
            yield torch.stack(chunk)
            chunk = []
    if chunk:
        yield torch.stack(chunk)
