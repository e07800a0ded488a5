"""Region audit: how much of a heat map lies on each part of the face, checked by hiding that part from the network.

A share of relevance is what an explanation *says*; the probability that is lost when a region is hidden is what the
network *does* (occlusion: Zeiler and Fergus 2014, section 3.2; hidden under a blur as in Fong and Vedaldi 2017, section
4.1). Both rank the regions, and Spearman's correlation of the two ranks says whether the map can be believed at this
coarse level. Ranked is what people read, whole per cent and whole points, so that noise below them makes no order.
Both also grow with a region's area, so what area alone would reach stands beside it.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor, nn

from fer_explain.benchmark.calibration import softmax
from fer_explain.errors import FerError
from fer_explain.explain.base import undisturbed
from fer_explain.explain.faithfulness.probe import on_crop
from fer_explain.explain.faithfulness.receipt import Lender
from fer_explain.explain.pixels import blurred
from fer_explain.explain.trace import trace
from fer_explain.faces.preprocess import preprocess
from fer_explain.faces.regions import REGIONS, Source, face_regions, region_source
from fer_explain.types import Face, FaceAnalysis, Floats, Heatmap

Fill = Literal["blur", "mean"]
Verdict = Literal["agrees", "unclear", "contradicts", "unmoved", "empty"]

SMALLEST: Final = 0.005  # of the crop: a smaller rest of a region takes no part in the ranking
MOVED: Final = 0.01  # a probability that no region moves by this much leaves nothing to compare with
LEVEL: Final = 0.05  # of the one-sided permutation test

_Regions = NDArray[np.intp]
_Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RegionShare:
    """One part of the face; all shares are in 0..1.

    Attributes:
        name: one of :data:`fer_explain.faces.regions.REGIONS`.
        area: its share of the crop.
        relevance: its share of what the map holds for the class.
        against: its share of what a signed map holds against the class.
        effect: the probability (-1..1) that the class loses when the region is hidden; negative when it gains.
    """

    name: str
    area: float
    relevance: float
    against: float
    effect: float


@dataclass(frozen=True, slots=True)
class RegionAudit:
    """What a heat map says about the parts of a face, and whether hiding them bears it out.

    Attributes:
        method: the explanation that was audited.
        target: index of the explained class.
        probability: of that class with nothing hidden.
        source: what the layout of the parts goes by.
        fill: what a region was hidden under.
        regions: every part, in the order of :data:`fer_explain.faces.regions.REGIONS`.
        agreement: Spearman's correlation (-1..1) of relevance and effect over the regions in the crop.
        by_area: the same of area and effect: what a map that is spread evenly would reach.
        p_value: how often relevance dealt out to the regions at random agrees at least as well.
        verdict: ``agrees`` (at most one in twenty random deals agrees as well), ``contradicts`` (as few agree as
            badly), ``unclear`` (between the two), ``unmoved`` (hiding no region moves the probability by 0.01),
            ``empty`` (nothing speaks for the class).
    """

    method: str
    target: int
    probability: float
    source: Source
    fill: Fill
    regions: tuple[RegionShare, ...]
    agreement: float
    by_area: float
    p_value: float
    verdict: Verdict

    @property
    def brightest(self) -> RegionShare:
        """The region with the largest share of relevance."""
        return max(self.regions, key=lambda region: region.relevance)

    @property
    def decisive(self) -> RegionShare:
        """The region whose loss costs most."""
        return max(self.regions, key=lambda region: region.effect)

    def to_json(self) -> dict[str, Any]:
        """All of it in plain types."""
        return asdict(self) | {"regions": [asdict(region) for region in self.regions]}


def audit_regions(
    analyzer: Lender,
    face: Face,
    model: str | None = None,
    method: str = "gradcam",
    target: int | str | None = None,
    *,
    fill: Fill = "blur",
    **parameters: Any,
) -> RegionAudit:
    """Explains a face and audits the map, see :func:`audit_explained`.

    Args:
        analyzer: the service that holds the network.
        face: as found by ``analyzer.detect``.
        model: like ``method``, ``target`` and ``parameters`` as in :meth:`fer_explain.analyzer.Analyzer.explain`.
        fill: what a region is hidden under: the face's own ``"blur"``, or its ``"mean"`` colour.

    Raises:
        FerError: as in ``Analyzer.explain``, or there is no such fill.
    """
    [analysis] = analyzer.explain([face], model, method, target, **parameters)
    return audit_explained(analyzer, analysis, model, fill=fill)


def audit_explained(
    analyzer: Lender, analysis: FaceAnalysis, model: str | None = None, *, fill: Fill = "blur"
) -> RegionAudit:
    """Audits the heat map of a face that ``model`` already explained: one forward pass of eight pictures.

    Raises:
        FerError: there is no such checkpoint or fill, or the analysis holds no heat map.
    """
    if analysis.heatmap is None:
        raise FerError("There is no heat map to audit: explain the face by a method first.")
    with analyzer.borrow(model) as (checkpoint, _):
        spec, temperature = checkpoint.config.input, checkpoint.config.temperature
        device = next(checkpoint.model.parameters()).device
        x = preprocess(analysis.face, spec).to(device)
        regions = face_regions(analysis.face, spec.size)
        source = region_source(analysis.face)
        return audit_map(
            checkpoint.model, x, analysis.heatmap, regions, temperature=temperature, fill=fill, source=source
        )


def audit_map(
    model: nn.Module,
    x: Tensor,
    heatmap: Heatmap,
    regions: _Regions,
    *,
    temperature: float = 1.0,
    fill: Fill = "blur",
    source: Source = "landmarks",
) -> RegionAudit:
    """Shares of relevance by region, and the effect of hiding each; the network is left as it was found.

    Args:
        model: maps x to logits (1, K); in any mode.
        x: (1, C, S, S) as from ``faces.preprocess``.
        heatmap: of this network and input, in the ``crop`` or the ``warped`` frame.
        regions: (S, S), as from :func:`fer_explain.faces.regions.face_regions`.
        temperature: logits are divided by it before the softmax.
        fill: what a region is hidden under.
        source: what the layout of the regions goes by.

    Raises:
        FerError: there is no such fill.
    """
    probability, effects, theta = occlude(model, x, regions, heatmap.target, temperature=temperature, fill=fill)
    area, relevance, against = shares(heatmap, theta, regions)
    present = area >= SMALLEST
    agreement, at_least, at_most = _spearman(relevance[present], effects[present])
    columns = zip(REGIONS, *(values.tolist() for values in (area, relevance, against, effects)), strict=True)
    return RegionAudit(
        heatmap.method,
        heatmap.target,
        probability,
        source,
        fill,
        tuple(RegionShare(*column) for column in columns),
        agreement,
        _spearman(area[present], effects[present]).value,
        at_least,
        _verdict(relevance, effects, at_least, at_most),
    )


def shares(heatmap: Heatmap, theta: Floats | None, regions: _Regions) -> tuple[_Doubles, _Doubles, _Doubles]:
    """By region (R,): its share of the area, of the evidence for the class, and of the evidence against it.

    A map in the warped frame is carried to the crop first, through ``theta`` (2, 3); the shares of an empty map are 0.
    """
    values = on_crop(heatmap, theta, len(regions))
    flat = regions.ravel()

    def share(weights: _Doubles) -> _Doubles:
        sums = np.bincount(flat, weights.ravel(), minlength=len(REGIONS))
        total = sums.sum()
        return sums / total if total > 0 else np.zeros_like(sums)

    return share(np.ones_like(values)), share(np.maximum(values, 0)), share(np.maximum(-values, 0))


def occlude(
    model: nn.Module, x: Tensor, regions: _Regions, target: int, *, temperature: float = 1.0, fill: Fill = "blur"
) -> tuple[float, _Doubles, Floats | None]:
    """Hides each region in turn, in one forward pass.

    Returns:
        The probability of the class with nothing hidden, what it loses by region (R,) (0 for a region that is not in
        the crop), and the spatial transformer's theta (2, 3) with nothing hidden; None without one.

    Raises:
        FerError: there is no such fill.
    """
    if fill not in get_args(Fill):
        raise FerError(f"A region cannot be hidden under '{fill}'; choose one of {', '.join(get_args(Fill))}.")
    masks = np.stack([regions == index for index in range(len(REGIONS))])
    hidden = masks.any(axis=(1, 2))
    with undisturbed(model, gradients=False), trace(model) as seen:
        logits = model(torch.cat([x, _hide(x, torch.from_numpy(masks[hidden]), fill)]))
    probabilities = softmax(logits.double().cpu().numpy(), temperature)[:, target]
    effects = np.zeros(len(REGIONS))
    effects[hidden] = probabilities[0] - probabilities[1:]
    theta = None if seen.theta is None else seen.theta[0].float().cpu().numpy()
    return float(probabilities[0]), effects, theta


def _hide(x: Tensor, masks: Tensor, fill: Fill) -> Tensor:
    """Copies (R, C, S, S) of an input (1, C, S, S), each with one region (R, S, S) under the fill.

    The edge fades over a few pixels, because a sharp one would be a new feature.
    """
    size = x.shape[-1]
    cover = _blurred(x, size / 8) if fill == "blur" else x.mean((2, 3), keepdim=True).expand_as(x)
    soft = _blurred(masks[:, None].to(x), size / 64)
    return x * (1 - soft) + cover * soft


def _blurred(x: Tensor, sigma: float) -> Tensor:
    return blurred(x, sigma, min(round(3 * sigma), x.shape[-1] - 1))


def _verdict(relevance: _Doubles, effects: _Doubles, at_least: float, at_most: float) -> Verdict:
    if not relevance.any():
        return "empty"
    if abs(effects).max() < MOVED:
        return "unmoved"
    if at_most <= LEVEL:
        return "contradicts"
    return "agrees" if at_least <= LEVEL else "unclear"


class _Correlation(NamedTuple):
    """A rank correlation, and the shares of all orders of one side that agree at least / at most as well."""

    value: float
    at_least: float
    at_most: float


def _spearman(a: _Doubles, b: _Doubles) -> _Correlation:
    """Spearman's correlation of two shares by region (R,), in whole hundredths, with an exact permutation test.

    It is 0 where one side has no order.
    """
    first, second = (rankdata(values.round(2)) - (len(values) + 1) / 2 for values in (a, b))
    norm = np.sqrt((first**2).sum() * (second**2).sum())
    if not norm:
        return _Correlation(0.0, 1.0, 1.0)
    value = float(first @ second / norm)
    dealt = first[_permutations(len(first))] @ second / norm
    return _Correlation(value, float((dealt >= value - 1e-9).mean()), float((dealt <= value + 1e-9).mean()))


@cache
def _permutations(n: int) -> NDArray[np.intp]:
    """All orders of n things (n!, n): 5,040 for seven regions."""
    return np.array(list(itertools.permutations(range(n))))
