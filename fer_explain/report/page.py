"""A report as one HTML file for people: pictures, figures and scripts lie in it, and it asks for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go
from markupsafe import Markup

import fer_explain.report.words as words
from fer_explain.emotions import color_of
from fer_explain.faces.quality import warnings
from fer_explain.faces.regions import face_regions
from fer_explain.figures.colormap import scale_of
from fer_explain.figures.gates import channel_weights, extremes
from fer_explain.figures.probabilities import percent, probability_bars
from fer_explain.figures.receipt import perturbation_curve
from fer_explain.figures.regions import SIDE, region_bars, region_outlines
from fer_explain.figures.stn import sampled_window
from fer_explain.report.gather import Explained, FaceReport, Report
from fer_explain.report.pictures import Picture, close_up, map_picture, photograph, picture, whole_photo
from fer_explain.report.template import template
from fer_explain.types import ChannelGate, FaceAnalysis

if TYPE_CHECKING:
    from fer_explain.explain.faithfulness import Receipt

TRAINING: Final = ("recipe", "seed", "epochs", "fingerprint", "data", "git")  # of the provenance; the JSON has it all
CURVE: Final = 150  # height of a figure in pixels: three of them stand beside a map
FIGURE: Final = {"displayModeBar": False, "responsive": True}


def to_html(report: Report) -> str:
    """The text of the file."""
    photo = whole_photo(report.detection.photo)
    found = len(report.detection.faces)
    html: str = template("report.html").render(
        title=_title(report),
        created=report.created.strftime("%Y-%m-%d %H:%M UTC"),
        facts=report.facts,
        photo=photo,
        photo_alt=f"The photo, with {found} face{'s' if found > 1 else ''} marked",
        marks=[_mark(photo, report, i) for i in range(found)],
        faces=[_face(report, face) for face in report.faces],
        settings={
            key: value
            for key, value in report.settings.items()
            if key not in ("model", "used") and value not in (None, {})
        },
        training={key: report.facts.provenance[key] for key in TRAINING if key in report.facts.provenance},
        seconds=report.seconds,
        checks=words.CHECKS,
        limits=words.LIMITS,
    )
    return html


def _title(report: Report) -> str:
    said = [f"{face.prediction.label} {percent(100 * face.prediction.confidence)}" for face in report.faces]
    return f"Expression report: {', '.join(said)}"


def _mark(photo: Picture, report: Report, index: int) -> dict[str, Any]:
    """The frame of a face on the photo, and its number in its first corner."""
    corners = report.detection.faces[index].corners * photo.scale
    size = max(14.0, photo.width / 42)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    x, y = corners[0].tolist()
    return {
        "points": points,
        "number": index + 1,
        "size": round(size, 1),
        "x": round(min(max(x + size / 3, 2), photo.width - size), 1),
        "y": round(min(max(y + size, size), photo.height - 4), 1),
    }


def _face(report: Report, face: FaceReport) -> dict[str, Any]:
    analysis, prediction = face.analysis, face.prediction
    columns = zip(prediction.labels, prediction.probabilities.tolist(), prediction.logits.tolist(), strict=True)
    return {
        "number": face.number,
        "warnings": [limit.told for limit in warnings(analysis.face)],
        "close_up": close_up(report.detection.photo, analysis.face),
        "label": prediction.label,
        "color": color_of(prediction.label, prediction.labels),
        "confidence": percent(100 * prediction.confidence),
        "bars": _figure(probability_bars(prediction), "Bars of the probability of each expression"),
        "temperature": prediction.temperature,
        "classes": [{"label": label, "probability": share, "logit": logit} for label, share, logit in columns],
        "explanations": [_explained(report, one) for one in face.explanations],
        "stn": _stn(analysis),
        "gates": [_gate(gate) for gate in analysis.gates],
        "channels": _figure(channel_weights(analysis.gates[-1]), "The weights of the last gate")
        if analysis.gates
        else "",
    }


def _explained(report: Report, one: Explained) -> dict[str, Any]:
    heatmap, audit = one.heatmap, one.audit
    target = one.analysis.prediction.labels[heatmap.target]
    outlined = region_outlines(one.analysis.face.pixels, face_regions(one.analysis.face, 2 * SIDE))
    return {
        "title": one.title,
        "target": target,
        "map": map_picture(report.detection.photo, one.analysis, heatmap),
        "outlines": photograph(outlined),
        "layout": words.layout_in_words(audit),
        "low": "against" if heatmap.signed else "nothing",
        "high": "for" if heatmap.signed else "most",
        "gradient": ", ".join(scale_of(heatmap.signed)),
        "signed": heatmap.signed,
        "layer": heatmap.layer,
        "scale": heatmap.scale,
        "receipt": one.receipt,
        "curves": _curves(one.receipt),
        "regions": _regions(report, one, target),
    }


def _regions(report: Report, one: Explained, target: str) -> dict[str, Any]:
    audit, profile = one.audit, report.profile
    own = profile.classes.get(target) if profile is not None else None
    comparable = own if profile is not None and profile.method == audit.method else None
    return {
        "sentence": words.regions_in_words(audit, target),
        "bars": _figure(region_bars(audit, comparable), "Bars of relevance and effect by part of the face"),
        "usual": words.profile_in_words(profile, own, target) if profile is not None else "",
        "fill": words.FILLS[audit.fill],
        "rows": audit.regions,
    }


def _stn(analysis: FaceAnalysis) -> dict[str, Any] | None:
    warp = analysis.warp
    if warp is None:
        return None
    return {
        "window": photograph(sampled_window(analysis.face, warp)),
        "aligned": picture(warp.aligned),
        "sentence": words.stn_in_words(warp),
        "theta": warp.theta.round(4).tolist(),
    }


def _gate(gate: ChannelGate) -> dict[str, Any]:
    strongest, weakest = extremes(gate)
    return {
        "layer": gate.layer,
        "kind": gate.kind,
        "channels": len(gate.weights),
        "mean": float(gate.weights.mean()),
        "low": float(gate.weights.min()),
        "high": float(gate.weights.max()),
        "strongest": ", ".join(f"#{number}" for number in strongest),
        "weakest": ", ".join(f"#{number}" for number in weakest),
    }


def _curves(receipt: Receipt | None) -> list[dict[str, Any]]:
    """What the map does to the probability, a figure for each way to change the face."""
    if receipt is None:
        return []
    told = [(caption, receipt.curves[name]) for name, caption in words.CURVES.items() if name in receipt.curves]
    figures = [(caption, perturbation_curve(curve).update_layout(height=CURVE)) for caption, curve in told]
    return [{"caption": caption, "figure": _figure(figure, f"Curves: {caption}")} for caption, figure in figures]


def _figure(figure: go.Figure, alt: str) -> Markup:
    """A figure that draws itself when the file is opened."""
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, config=FIGURE)
    return Markup('<figure role="img" aria-label="{}">{}</figure>').format(alt, Markup(drawn))
