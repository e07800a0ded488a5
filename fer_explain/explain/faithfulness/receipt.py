"""Puts a heat map through every check and says how it went."""

from __future__ import annotations

import hashlib
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

import fer_explain.explain.faithfulness.curves as curves
import fer_explain.explain.faithfulness.infidelity as infidelity
import fer_explain.explain.faithfulness.randomisation as randomisation
import fer_explain.explain.faithfulness.road as road
import fer_explain.explain.faithfulness.sensitivity as sensitivity
from fer_explain.errors import FerError
from fer_explain.explain.base import Explainer
from fer_explain.explain.faithfulness.baselines import RANDOM, Doubles, ranks, rivals
from fer_explain.explain.faithfulness.probe import Answers, Probe, Progress, on_crop, theta_of
from fer_explain.explain.faithfulness.result import Receipt
from fer_explain.explain.inputs import facial_regions, with_class_indices
from fer_explain.explain.registry import explainer as make_explainer
from fer_explain.faces.preprocess import preprocess
from fer_explain.models.registry import Architecture
from fer_explain.types import Face, FaceAnalysis

if TYPE_CHECKING:
    from fer_explain.hub.checkpoint import Checkpoint

SEED: Final = 0  # of the random maps, squares, noise and shuffles: the same map gets the same receipt
KEPT: Final = 64  # receipts per network

_kept: WeakKeyDictionary[nn.Module, OrderedDict[Hashable, Receipt]] = WeakKeyDictionary()
_lock = threading.Lock()


class Lender(Protocol):
    """What is needed of :class:`fer_explain.analyzer.Analyzer`."""

    def borrow(self, model: str | None = None) -> AbstractContextManager[tuple[Checkpoint, Architecture]]:
        """The network for a moment."""

    def explain(
        self,
        faces: Sequence[Face],
        model: str | None = None,
        method: str | None = "gradcam",
        target: int | str | None = None,
        **parameters: Any,
    ) -> list[FaceAnalysis]:
        """The map that is put to the test."""


def make_receipt(
    analyzer: Lender,
    face: Face,
    model: str | None = None,
    method: str = "gradcam",
    target: int | str | None = None,
    *,
    analysis: FaceAnalysis | None = None,
    progress: Progress | None = None,
    **parameters: Any,
) -> Receipt:
    """Tests the heat map that ``analyzer.explain`` gives the face.

    The network is borrowed for a tenth of a second at a time, so that others are answered in between. The receipt is
    kept (numbers only, under a hash of the pixels), and a second call with the same arguments costs nothing. Of a slow
    explanation no map is worked out that no verdict hangs on: the curve ``randomisation`` is missing then.

    Args:
        analyzer: an :class:`fer_explain.analyzer.Analyzer`.
        face: as found by ``analyzer.detect``.
        model: like ``method``, ``target`` and ``parameters`` as in ``analyzer.explain``.
        analysis: what ``analyzer.explain`` said to the same arguments, where that is at hand.
        progress: called between the steps with the share (0..1) of the work that is done. An exception it raises
            cancels the test and is passed on; nothing is kept then.

    Raises:
        FerError: as ``analyzer.explain``, or the method draws no heat map.

    Example::

        receipt = make_receipt(analyzer, analyzer.detect("photo.jpg").faces[0])
        receipt.verdict, receipt.checks[0].value, receipt.curves["deletion"].values
    """
    with analyzer.borrow(model) as (checkpoint, architecture):
        network, config, name = checkpoint.model, checkpoint.config, checkpoint.name
    key = _key(face, method, target, parameters)
    if (known := _recall(network, key)) is not None:
        return known
    start = time.perf_counter()
    if analysis is None:
        [analysis] = analyzer.explain([face], model, method, target, **parameters)
    if analysis.heatmap is None:
        raise FerError(f"'{method}' draws no heat map that could be tested.")
    explainer = make_explainer(method, **with_class_indices(method, parameters, config.label_names))
    probe = Probe(
        network,
        architecture,
        explainer,
        analysis.heatmap.target,
        regions=facial_regions(method, [face], config.input.size),
        temperature=config.temperature,
        borrow=lambda: analyzer.borrow(model),
        total=questions(),
        progress=progress,
    )
    x = preprocess(face, config.input).to(next(network.parameters()).device)
    own = on_crop(analysis.heatmap, None if analysis.warp is None else analysis.warp.theta, config.input.size)
    receipt = _test(probe, x, own, model=name, method=method, start=start, verdict_only=explainer.slow)
    _keep(network, key, receipt)
    return receipt


def kept_receipt(
    analyzer: Lender,
    face: Face,
    model: str | None = None,
    method: str = "gradcam",
    target: int | str | None = None,
    **parameters: Any,
) -> Receipt | None:
    """What :func:`make_receipt` gave to the same arguments, where it is still kept: at most 64 per network."""
    with analyzer.borrow(model) as (checkpoint, _):
        network = checkpoint.model
    return _recall(network, _key(face, method, target, parameters))


def examine(
    model: nn.Module,
    architecture: Architecture,
    x: Tensor,
    explainer: Explainer,
    target: int | None = None,
    *,
    regions: Tensor | None = None,
    temperature: float = 1.0,
    progress: Progress | None = None,
    known: Answers | None = None,
    verdict_only: bool = False,
) -> Receipt:
    """Tests what an explanation says about one face, for a network of one's own; nothing is kept.

    Args:
        model: maps x to logits (1, K); afterwards as it was.
        architecture: its registry entry.
        x: (1, C, S, S) as from ``faces.preprocess``.
        explainer: the explanation with its settings, e.g. ``registry.explainer("gradcam")``.
        target: index of the class; None means the predicted one.
        regions: (1, S, S) from ``faces.regions``, for a method that wants them.
        temperature: logits are divided by it before the softmax.
        progress: as in :func:`make_receipt`.
        known: what this network answered before, e.g. in the tests of other methods on the same face; added to.
        verdict_only: leaves out what no verdict hangs on, see :func:`.randomisation.check_randomisation`.
    """
    start = time.perf_counter()
    told = explainer.attribute(model, architecture, x, target, regions=regions)
    if not told.heatmaps:
        raise FerError(f"'{explainer.name}' draws no heat map that could be tested.")
    [heatmap] = told.heatmaps
    probe = Probe(
        model,
        architecture,
        explainer,
        heatmap.target,
        regions=regions,
        temperature=temperature,
        total=questions(),
        progress=progress,
        known=known,
    )
    own = on_crop(heatmap, theta_of(told), x.shape[-1])
    names = {"model": architecture.name, "method": explainer.name}
    return _test(probe, x, own, **names, start=start, verdict_only=verdict_only)


def questions() -> int:
    """How many images and maps one test asks a network for."""
    maps = 1 + RANDOM + 1
    return (
        curves.questions(maps)
        + road.questions(maps)
        + infidelity.questions()
        + randomisation.questions()
        + sensitivity.questions()
    )


def _test(
    probe: Probe, x: Tensor, own: Doubles, *, model: str, method: str, start: float, verdict_only: bool = False
) -> Receipt:
    """All checks of one map (S, S) over the crop."""
    # Each check draws from a generator of its own, so that a change of one leaves the others' numbers alone.
    # Each face has draws of its own as well: one lucky random map would otherwise beat the maps of all faces.
    face = zlib.crc32(x.cpu().numpy().tobytes())
    for_maps, for_road, for_squares, for_weights, for_noise = np.random.default_rng([SEED, face]).spawn(5)
    probe.tick()
    maps = rivals(own, for_maps)
    places = ranks(maps.maps, for_maps)
    by_curves, lines = curves.check_curves(probe, x, maps, places)
    whole = lines["deletion"].values[0]
    by_road, road_lines = road.check_road(probe, x, maps, places, whole, for_road)
    by_squares = infidelity.check_infidelity(probe, x, maps, for_squares)
    by_forgetting, forgetting = randomisation.check_randomisation(probe, x, own, for_weights, verdict_only=verdict_only)
    by_noise = sensitivity.check_sensitivity(probe, x, torch.from_numpy(own), for_noise, verdict_only=verdict_only)
    probe.finish()
    checks = [by_curves, by_road, by_squares, by_forgetting, by_noise]
    return Receipt(
        model, method, probe.target, whole, checks, lines | road_lines | forgetting, time.perf_counter() - start
    )


def _key(face: Face, method: str, target: int | str | None, parameters: dict[str, Any]) -> Hashable:
    return hashlib.sha256(face.pixels.tobytes()).hexdigest(), face.pixels.shape, method, target, repr(parameters)


def _recall(network: nn.Module, key: Hashable) -> Receipt | None:
    with _lock:
        receipts = _kept.get(network, OrderedDict())
        if key in receipts:
            receipts.move_to_end(key)
        return receipts.get(key)


def _keep(network: nn.Module, key: Hashable, receipt: Receipt) -> None:
    with _lock:
        receipts = _kept.setdefault(network, OrderedDict())
        receipts[key] = receipt
        if len(receipts) > KEPT:
            receipts.popitem(last=False)
