"""Asks for everything a report holds: predictions, maps, their receipts and region audits, and who computed them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fer_explain.errors import FerError
from fer_explain.report.facts import Facts, facts_about
from fer_explain.types import Detection, Face, FaceAnalysis, Heatmap, Prediction

if TYPE_CHECKING:
    from fer_explain.analyzer import Analyzer, Source
    from fer_explain.explain.faithfulness import Receipt
    from fer_explain.explain.region_audit import RegionAudit
    from fer_explain.explain.region_use import RegionProfile

Progress = Callable[[float, str], None]
"""Told the share (0..1) that is done and what comes next; what it raises ends the work."""

DEFAULT: Final = "gradcam"


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """One explanation of one face, put to the test; ``receipt`` is None where no test was wanted."""

    title: str
    analysis: FaceAnalysis
    receipt: Receipt | None
    audit: RegionAudit

    @property
    def heatmap(self) -> Heatmap:
        """The map that is explained, tested and audited."""
        assert self.analysis.heatmap is not None, "only what drew a map is kept"
        return self.analysis.heatmap


@dataclass(frozen=True, slots=True, eq=False)
class FaceReport:
    """One face of the photo; ``number`` counts from 1, as on the photo. There is at least one explanation."""

    number: int
    explanations: list[Explained]

    @property
    def analysis(self) -> FaceAnalysis:
        """Prediction, spatial transformer and gates, which no explanation changes."""
        return self.explanations[0].analysis

    @property
    def prediction(self) -> Prediction:
        """What the network reads from the face."""
        return self.analysis.prediction


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a report holds.

    Attributes:
        detection: the photo and all its faces.
        faces: those of them that were explained.
        facts: which network, which weights, which versions.
        profile: how the network usually uses the parts of a face; None where it was never measured.
        settings: what was asked for.
        created: when, in UTC.
        seconds: how long it took.
    """

    detection: Detection
    faces: list[FaceReport]
    facts: Facts
    profile: RegionProfile | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0


def make_report(
    analyzer: Analyzer,
    image: Source,
    *,
    model: str | None = None,
    method: str | Sequence[str] = DEFAULT,
    target: int | str | None = None,
    whole_image: bool = False,
    receipts: bool = True,
    progress: Progress | None = None,
    **parameters: Any,
) -> Report:
    """Finds the faces of a photo and reports on each.

    Args:
        analyzer: the service that computes.
        image: a path, a PIL image or a uint8 array (H, W[, 3]).
        model: a checkpoint of the analyzer; None means the default one.
        method: one explanation or several; ``"tested"`` is the one that was measured to hold for the network,
            and Grad-CAM where nothing was measured.
        target: the class to explain, by index or name; None means the predicted one of each face.
        whole_image: take the whole image for one face instead of looking for faces.
        receipts: put each map to the test, which takes seconds.
        progress: see :data:`Progress`.
        parameters: settings of the explanation, as in :meth:`fer_explain.analyzer.Analyzer.explain`.

    Raises:
        FerError: the image cannot be read, there is no face in it, or as in ``Analyzer.explain``.
    """
    detection = _detect(analyzer, image, whole_image)
    if not detection.faces:
        raise FerError("No face was found in this photo; the whole image can be taken for one face (--whole-image).")
    return report_on(
        analyzer,
        detection,
        model=model,
        method=method,
        target=target,
        receipts=receipts,
        progress=progress,
        **parameters,
    )


def report_on(
    analyzer: Analyzer,
    detection: Detection,
    chosen: Sequence[int] | None = None,
    *,
    model: str | None = None,
    method: str | Sequence[str] = DEFAULT,
    target: int | str | None = None,
    receipts: bool = True,
    progress: Progress | None = None,
    **parameters: Any,
) -> Report:
    """Reports on faces that are found already; otherwise like :func:`make_report`.

    Args:
        detection: the photo and its faces.
        chosen: indices of the faces to report on; None means all.
    """
    from fer_explain.explain.region_use import read_profile
    from fer_explain.explain.tested import TESTED, named_or_tested, tested_map

    start = time.perf_counter()
    folder = analyzer.checkpoint(model).folder
    methods = list(dict.fromkeys([method] if isinstance(method, str) else method))
    ways: list[tuple[str, dict[str, Any]]] = []
    for way in (named_or_tested(name, parameters, folder) for name in methods):
        ways += [] if way in ways else [way]  # the tested map may be one that was named as well
    numbers = list(range(len(detection.faces))) if chosen is None else list(chosen)
    facts = facts_about(analyzer.checkpoint(model), detection.detector)
    steps = _Steps(progress or (lambda _share, _what: None), len(numbers) * len(ways))
    ask = partial(_explain, analyzer, model=model, target=target, receipts=receipts)
    faces = [
        FaceReport(i + 1, [ask(detection.faces[i], *way, steps.next(f"face {i + 1}, {way[0]}")) for way in ways])
        for i in numbers
    ]
    used = [{"method": name, "parameters": settings} for name, settings in ways]
    settings = {"model": facts.name, "method": methods, "target": target, "parameters": parameters, "used": used}
    if TESTED in methods and tested_map(folder) is None:
        settings[TESTED] = "not measured for this network"
    return Report(
        detection,
        faces,
        facts,
        read_profile(folder),
        settings,
        seconds=round(time.perf_counter() - start, 2),
    )


class _Steps:
    """Turns the progress of one step into that of the whole."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._begun = 0

    def next(self, what: str) -> Callable[[float], None]:
        """Begins a step; the result takes the share (0..1) of the step that is done."""
        before = self._begun
        self._begun += 1
        self._progress(before / self._total, what)
        return lambda share: self._progress((before + share) / self._total, what)


def _explain(
    analyzer: Analyzer,
    face: Face,
    method: str,
    parameters: Mapping[str, Any],
    tick: Callable[[float], None],
    *,
    model: str | None,
    target: int | str | None,
    receipts: bool,
) -> Explained:
    from fer_explain.explain.faithfulness import make_receipt
    from fer_explain.explain.region_audit import audit_explained
    from fer_explain.explain.registry import method as entry

    title = entry(method).title
    [analysis] = analyzer.explain([face], model, method, target, **parameters)
    audit = audit_explained(analyzer, analysis, model)
    receipt = None
    if receipts:
        receipt = make_receipt(analyzer, face, model, method, target, analysis=analysis, progress=tick, **parameters)
    return Explained(title, analysis, receipt, audit)


def _detect(analyzer: Analyzer, image: Source, whole_image: bool) -> Detection:
    if not whole_image:
        return analyzer.detect(image)
    from fer_explain.faces.detect import whole_image as as_face
    from fer_explain.faces.photo import open_photo

    photo = open_photo(image)
    face = as_face(photo)
    return Detection(photo, [face], face.source)
