"""A report as a few lines for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from fer_explain.explain.tested import TESTED
from fer_explain.faces.quality import warnings
from fer_explain.figures.probabilities import percent
from fer_explain.report.gather import Explained, FaceReport, Report
from fer_explain.report.words import regions_in_words, stn_in_words

SHOWN = 3  # classes
WIDTH = 100  # columns


def summary(report: Report) -> str:
    """What is read from each face, and whether its maps held."""
    facts, found = report.facts, len(report.detection.faces)
    untrained = "" if facts.trained else ", UNTRAINED: its answers mean nothing"
    head = [
        f"{found} face{'s' if found > 1 else ''} ({report.detection.detector}), model {facts.name}{untrained}",
        f"  {facts.measured or 'nothing was measured for this checkpoint'}",
    ]
    if TESTED in report.settings:
        head.append(f"  tested map: {report.settings[TESTED]}")
    return "\n".join([*head, *(line for face in report.faces for line in _face(face))])


def _face(face: FaceReport) -> Iterator[str]:
    analysis, prediction = face.analysis, face.prediction
    box = analysis.face.box
    order = (-prediction.probabilities).argsort(kind="stable")[:SHOWN]
    said = ", ".join(f"{prediction.labels[i]} {percent(100 * float(prediction.probabilities[i]))}" for i in order)
    yield ""
    yield f"Face {face.number} at x {box.x0:.0f} to {box.x1:.0f}, y {box.y0:.0f} to {box.y1:.0f}: {said}"
    yield from (f"  Note: {limit.told}" for limit in warnings(analysis.face))
    if analysis.warp is not None:
        yield from _wrapped(stn_in_words(analysis.warp))
    for one in face.explanations:
        yield from _explained(one)


def _explained(one: Explained) -> Iterator[str]:
    target = one.analysis.prediction.labels[one.heatmap.target]
    verdict = "not put to the test" if one.receipt is None else one.receipt.verdict
    yield f"  {one.title} for “{target}”: {verdict}"
    yield from _wrapped(regions_in_words(one.audit, target), "    ")


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
