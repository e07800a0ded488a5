"""A report as plain types: every number in it, and no picture of the face."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final

from fer_explain.faces.quality import warnings
from fer_explain.report.gather import Explained, FaceReport, Report
from fer_explain.types import FaceAnalysis, Floats, Warp

FORMAT: Final = "fer_explain report 1"
DIGITS: Final = 6  # of numbers on a scale of 1; maps have 4


def to_json(report: Report) -> dict[str, Any]:
    """All numbers of a report, ready for :func:`json.dumps`.

    Coordinates are photo pixels; theta maps the aligned face to the crop, both in -1..1 (see ``fer_explain.types``);
    ``values`` of a map times its ``scale`` is the map on its raw scale. Names are labels, never class indices. What
    has no finite value is null, as JSON knows no other way.
    """
    height, width = report.detection.photo.shape[:2]
    numbers: dict[str, Any] = {
        "format": FORMAT,
        "created": report.created.isoformat(timespec="seconds"),
        "seconds": report.seconds,
        "photo": {"width": width, "height": height, "faces": len(report.detection.faces)},
        "settings": dict(report.settings),
        "model": asdict(report.facts),
        "faces": [_face(face) for face in report.faces],
    }
    return {key: _finite(value) for key, value in numbers.items()}


def _face(face: FaceReport) -> dict[str, Any]:
    return {
        "number": face.number,
        "warnings": [limit.told for limit in warnings(face.analysis.face)],
        **analysis_to_json(face.analysis),
        "explanations": [_explained(one) for one in face.explanations],
    }


def analysis_to_json(analysis: FaceAnalysis) -> dict[str, Any]:
    """Where a face is, what is read from it, what the spatial transformer did, and every gate."""
    face, prediction = analysis.face, analysis.prediction
    return {
        "box": [face.box.x0, face.box.y0, face.box.x1, face.box.y1],
        "to_photo": face.to_photo.tolist(),
        "landmarks": None if face.landmarks is None else face.landmarks.tolist(),
        "score": face.score,
        "found_by": face.source,
        "label": prediction.label,
        "probabilities": dict(zip(prediction.labels, _rounded(prediction.probabilities), strict=True)),
        "logits": dict(zip(prediction.labels, _rounded(prediction.logits), strict=True)),
        "stn": None if analysis.warp is None else _stn(analysis.warp),
        "channel_gates": [
            {"layer": gate.layer, "kind": gate.kind, "weights": _rounded(gate.weights)} for gate in analysis.gates
        ],
        "spatial_gates": [
            {"layer": gate.layer, "kind": gate.kind, "frame": gate.frame, "values": _rounded(gate.values, 4)}
            for gate in analysis.spatial_gates
        ],
    }


def _stn(warp: Warp) -> dict[str, Any]:
    """The readings in degrees, factors, and fractions of the crop's side."""
    return {
        "theta": warp.theta.tolist(),
        "rotation": warp.rotation,
        "zoom": warp.zoom,
        "scale": list(warp.scale),
        "shear": warp.shear,
        "shift": list(warp.shift),
    }


def _explained(one: Explained) -> dict[str, Any]:
    heatmap, labels = one.heatmap, one.analysis.prediction.labels
    target = labels[heatmap.target]
    audit = one.audit.to_json() | {"target": target}
    return {
        "method": heatmap.method,
        "target": target,
        "layer": heatmap.layer,
        "frame": heatmap.frame,
        "signed": heatmap.signed,
        "scale": heatmap.scale,
        "values": _rounded(heatmap.values, 4),
        "receipt": None if one.receipt is None else one.receipt.to_json() | {"target": target},
        "regions": audit,
    }


def _rounded(values: Floats, digits: int = DIGITS) -> list[Any]:
    numbers: list[Any] = values.astype("float64").round(digits).tolist()
    return numbers


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
