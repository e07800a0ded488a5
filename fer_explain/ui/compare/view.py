"""One face through several models: a column each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np

from fer_explain.emotions import color_of, key_of
from fer_explain.explain.similarity import odd_one_out
from fer_explain.figures.probabilities import percent
from fer_explain.types import FaceAnalysis
from fer_explain.ui.compare.state import Said
from fer_explain.ui.shell.bars import probability_bars
from fer_explain.ui.shell.heat_picture import heat_picture
from fer_explain.ui.shell.photo import Shown, picture_uri
from fer_explain.ui.shell.texts import Texts

MARGIN = 0.2  # of the crop's side, around it
NAMED_UNITS = ("log-odds", "probability")  # of perturbation maps, per hundredth of the face


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model costs: parameters, multiply-adds of one face, bytes of its weights; and whether it is trained."""

    parameters: int
    multiply_adds: int
    file_bytes: int
    trained: bool


def columns(
    shown: Shown,
    models: Sequence[str],
    said: Mapping[str, Said],
    costs: Mapping[str, Cost],
    *,
    shared: bool,
    texts: Texts,
) -> str:
    """A column for every model; one that has not spoken yet says that it computes.

    Args:
        shown: the photo.
        models: in their order.
        said: what those that are ready said.
        costs: of the same models.
        shared: the maps' colours are on one raw scale, if they are of one unit; otherwise each map goes to its own
            maximum.
        texts: the reader's language.
    """
    top = max((_scale(entry.analysis) for entry in said.values()), default=0.0)
    shared = shared and not mixed(said)
    odd = odd_one_out([key_of(entry.analysis.prediction.label) for entry in said.values()])
    stranger = list(said)[odd] if odd is not None and len(said) == len(models) else None
    cells = "".join(
        _column(shown, f"{number} · {name}", said[name], costs[name], top if shared else None, name == stranger, texts)
        if name in said
        else _waiting(f"{number} · {name}", texts)
        for number, name in enumerate(models, 1)
    )
    return f'<div class="fer-compare" aria-live="polite">{cells}</div>'


def _column(shown: Shown, name: str, said: Said, cost: Cost, top: float | None, odd: bool, texts: Texts) -> str:
    analysis = said.analysis
    label = texts.emotion(analysis.prediction.label)
    badges = f'<span class="fer-badge">{escape(texts("compare.odd"))}</span>' if odd else ""
    if not cost.trained:
        badges += f'<span class="fer-badge">{escape(texts("model.untrained"))}</span>'
    color = color_of(analysis.prediction.label, analysis.prediction.labels)
    return (
        f'<section class="{"fer-odd" if odd else ""}"><h3>{escape(name)}</h3>'
        f'<p class="fer-label" style="--emotion:{color}">{escape(label)} '
        f"<b>{percent(100 * analysis.prediction.confidence)}</b></p>{badges}"
        f"{probability_bars(analysis.prediction, texts)}{_map(shown, said, top, texts)}{_seen(said, texts)}"
        f"{_gates(analysis, texts)}{_costs(cost, said.milliseconds, texts)}</section>"
    )


def _waiting(name: str, texts: Texts) -> str:
    note = f'<p class="fer-note">{escape(texts("compare.busy"))}</p>'
    return f'<section aria-busy="true"><h3>{escape(name)}</h3>{note}</section>'


def mixed(said: Mapping[str, Said]) -> bool:
    """Whether maps differ in their units, so that they cannot share a scale."""
    return len({entry.unit for entry in said.values()}) > 1


def _map(shown: Shown, said: Said, top: float | None, texts: Texts) -> str:
    """The face on the photo under its heat map, whose colours go up to ``top`` on the raw scale, or to its own end."""
    analysis, heatmap = said.analysis, said.analysis.heatmap
    if heatmap is None:
        return ""
    values = heatmap.values if top is None else heatmap.values * np.float32(heatmap.scale / top if top else 0)
    face = shown.place(analysis.face)
    placed = replace(analysis, face=face, heatmap=replace(heatmap, values=values))
    layer = heat_picture(placed, (shown.height, shown.width))
    emotion = texts.emotion(analysis.prediction.labels[heatmap.target])
    image = ""
    if layer is not None:
        left, up, wide, high = layer["box"]
        image = (
            f'<image class="fer-map" href="{layer["uri"]}" x="{left * shown.width:.1f}" y="{up * shown.height:.1f}" '
            f'width="{wide * shown.width:.1f}" height="{high * shown.height:.1f}" preserveAspectRatio="none"/>'
        )
    return (
        f'<figure class="fer-heat"><svg viewBox="{shown.around(face, MARGIN)}" role="img" '
        f'aria-label="{escape(texts("heat.alt", emotion=emotion))}">'
        f'<image href="{shown.uri}" width="{shown.width}" height="{shown.height}"/>{image}</svg>'
        f"<figcaption>{escape(_caption(said, heatmap.scale, texts))}</figcaption></figure>"
    )


def _caption(said: Said, scale: float, texts: Texts) -> str:
    """Which map it is, if each network has its own, and its largest value."""
    key = f"compare.peak.{said.unit}" if said.unit in NAMED_UNITS else "compare.peak"
    peak = texts(key, value=f"{scale:.3g}")
    if not said.settled:
        return peak
    if said.trial is None:
        return f"{texts('compare.unmeasured')} {peak}"
    from fer_explain.explain.registry import method

    trial = said.trial
    held = texts("compare.held", method=method(trial.method).title, k=round(trial.holds * trial.n), n=trial.n)
    return f"{held} {peak}"


def _seen(said: Said, texts: Texts) -> str:
    """What the network gets: re-aligned by its spatial transformer, or the crop as it is."""
    caption = texts("stn.after" if said.analysis.warp else "compare.unaligned")
    return (
        f'<figure class="fer-seen"><img src="{picture_uri(said.seen)}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _gates(analysis: FaceAnalysis, texts: Texts) -> str:
    """How open the gates were, in one line."""
    if not analysis.gates:
        return f'<p class="fer-small">{escape(texts("gates.none"))}</p>'
    means = [float(gate.weights.mean()) for gate in analysis.gates]
    sentence = texts("compare.gates", n=len(means), low=f"{min(means):.2f}", high=f"{max(means):.2f}")
    return f'<p class="fer-small">{escape(sentence)}</p>'


def _costs(cost: Cost, milliseconds: float, texts: Texts) -> str:
    entries = (
        ("compare.parameters", f"{cost.parameters / 1e6:.2f} M"),
        ("compare.madds", f"{cost.multiply_adds / 1e6:,.0f} M"),
        ("compare.file", f"{cost.file_bytes / 2**20:.1f} MiB"),
        ("compare.time", f"{milliseconds:.0f} ms"),
    )
    rows = "".join(f"<div><dt>{escape(texts(key))}</dt><dd>{escape(value)}</dd></div>" for key, value in entries)
    return f'<dl class="fer-readout">{rows}</dl>'


def _scale(analysis: FaceAnalysis) -> float:
    return analysis.heatmap.scale if analysis.heatmap else 0.0
