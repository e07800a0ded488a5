"""What the report says: one section per question, in sentences, with a table and a figure where they help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fer_explain.emotions import color_of
from fer_explain.figures.style import axis, figure
from training.audit.duplicates import REACH, THRESHOLD
from training.audit.findings import SHOWN_FROM, Audit, across_splits, leaked_faces, leaking_faces
from training.audit.images import BLANK, CONTRAST, DRAWING, FLAT_SHARE
from training.audit.labels import TIE

SUSPECTS: Final = "suspects.parquet"

_BIN: Final = 0.025
_HEIGHT: Final = 320
_ACCENT: Final = "#0072B2"
_LIMIT: Final = "#D55E00"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, and what shows them; ``caption`` says what the table counts, ``file`` holds all of it."""

    title: str
    sentences: tuple[str, ...]
    table: pd.DataFrame | None = None
    caption: str = ""
    figure: go.Figure | None = None
    file: str = ""


def sections(found: Audit) -> list[Section]:
    """All sections of the report on ``found``, those without data left out."""
    return [section for build in _SECTIONS if (section := build(found))]


def _classes(found: Audit) -> Section:
    totals = found.balance.sum(axis=1)
    present = totals[totals > 0]
    parts = ", ".join(f"{split} {count:,}" for split, count in found.balance.sum().items())
    sentences = [
        f"{len(found.faces):,} faces: {parts}.",
        f"The largest class, {present.idxmax()}, has {present.max() / present.min():.1f} times as many faces as the "
        f"smallest, {present.idxmin()}.",
    ]
    absent = totals.index[totals == 0].tolist()
    if absent:
        sentences.append(f"There is no face of {', '.join(absent)}.")
    sentences += [
        f"{count:,} images of '{name}' were left out: it is none of the classes."
        for name, count in found.faces.left_out.items()
    ]
    shares = found.balance / found.balance.sum()
    bars: list[go.BaseTraceType] = [
        go.Bar(name=label, x=list(found.splits), y=share, marker_color=color_of(label, found.faces.label_names))
        for label, share in zip(found.faces.label_names, shares.to_numpy().tolist(), strict=True)
    ]
    drawn = figure(bars, _HEIGHT, barmode="group", showlegend=True, yaxis=axis("share of the split", tickformat=".0%"))
    return Section("Classes", tuple(sentences), found.balance, "Faces by class and split.", drawn)


def _duplicates(found: Audit) -> Section:
    pairs = found.pairs
    exact = pairs[pairs["kind"] == "exact"]
    mirrored = int(pairs["mirrored"].sum())
    joined = found.conflicts.members
    shifted = int(pairs[["down", "right"]].any(axis=1).sum())
    sentences = (
        f"{len(pairs):,} pairs of duplicates, {len(exact):,} of them identical pixel for pixel (as they are or "
        f"mirrored); they join {joined:,} faces ({joined / len(found.faces):.1%}) into {found.conflicts.groups:,} "
        "groups.",
        f"{mirrored:,} pairs are mirror images, and {shifted:,} are shifted by 1 to {REACH} pixels of 48.",
        f"Near duplicates have a normalised cross-correlation of their detail of at least {THRESHOLD}: the table "
        f"counts all judged pairs from {SHOWN_FROM} on; the threshold should lie in the valley between the two heaps.",
    )
    edges = np.arange(SHOWN_FROM, 1 + _BIN, _BIN).round(3)
    near = found.candidates.loc[found.candidates["kind"] == "near", "similarity"]
    counts = np.histogram(near, np.append(edges[:-1], np.inf))[0]
    bars = go.Bar(x=(edges[:-1] + _BIN / 2).tolist(), y=counts.tolist(), width=_BIN * 0.9, marker_color=_ACCENT)
    drawn = figure(
        [bars], _HEIGHT, xaxis=axis("NCC of detail"), yaxis=axis("pairs"), shapes=[_line(THRESHOLD)], bargap=0
    )
    names = [f"{low:.3f} to {low + _BIN:.3f}" for low in edges[:-1]]
    table = pd.DataFrame({"pairs that are not identical": counts}, index=names)
    return Section("Duplicates", sentences, table, "Judged pairs by the NCC of their detail.", drawn)


def _leakage(found: Audit) -> Section | None:
    if "train" not in found.splits or len(found.splits) < 2:
        return None
    sentences = [
        f"{count:,} of the {len_split:,} {split} faces ({count / len_split:.1%}) have a duplicate in train."
        for split in found.splits
        if split != "train"
        for count, len_split in [(leaked_faces(found, split), int(found.balance[split].sum()))]
    ]
    sentences.append(f"--drop-leaks would take {leaking_faces(found):,} faces out of train.")
    return Section("Leakage", tuple(sentences), across_splits(found), "Pairs of duplicates within and across splits.")


def _conflicts(found: Audit) -> Section | None:
    seen = found.conflicts
    if not seen.groups:
        return None
    sentences = (
        f"{seen.conflicting:,} of the {seen.groups:,} groups of duplicates ({seen.conflicting / seen.groups:.1%}) "
        "carry different labels.",
        f"If one photo shows one emotion, at least {seen.wrong:,} of the {seen.members:,} labels in these groups "
        f"({seen.wrong / seen.members:.1%}) are wrong. This bounds the label noise among duplicates from below, and "
        "tells of other faces only as far as duplicates are like them.",
    )
    drawn = _matrix(seen.table, "label", "label of the duplicate")
    return Section("Conflicting labels", sentences, seen.table, "Pairs of duplicates by their two labels.", drawn)


def _votes(found: Audit) -> Section | None:
    votes = found.votes
    if votes is None or not votes.to_numpy().sum():
        return None
    n = int(votes.to_numpy().sum())
    same = int(votes[list(found.faces.label_names)].to_numpy().trace())
    others = [name for name in votes.columns if name not in (*found.faces.label_names, TIE)]
    elsewhere = int(votes[others].to_numpy().sum())
    ties = int(votes[TIE].sum())
    differ = n - same - elsewhere - ties
    sentences = (
        f"For {n:,} faces with certain votes, most of FER+'s ten voters chose the face's own label for {same:,} "
        f"({same / n:.1%}) and another of the seven emotions for {differ:,} ({differ / n:.1%}).",
        f"For {elsewhere:,} they chose {', '.join(others)}, and for {ties:,} no answer had most votes.",
    )
    drawn = _matrix(votes, "FER+", "label")
    return Section("Disagreement with FER+", sentences, votes, "Faces by label (rows) and by FER+'s choice.", drawn)


def _images(found: Audit) -> Section:
    reasons = found.suspects["reason"].value_counts()
    sentences = [
        f"{reasons.get(BLANK, 0):,} images are blank (contrast below {CONTRAST:g} gray levels), and "
        f"{reasons.get(DRAWING, 0):,} are probably drawings or text (at least {FLAT_SHARE:.0%} of the middle is flat).",
    ]
    if found.no_face:
        right = len(found.no_face & set(found.suspects["place"].tolist()))
        sentences.append(
            f"FER+'s voters saw no face in {len(found.no_face):,} images: {right:,} of these {len(found.suspects):,} "
            "are among them. The criteria do not look for photographs in which a face is small, turned or hidden."
        )
    if found.sample:
        asked = found.sample
        sentences.append(
            f"In a random sample of {asked.n:,} images that are not blank, the face detector {asked.detector} found no "
            f"face in {asked.missed:,} ({asked.missed / max(asked.n, 1):.1%}). It misses real faces too: this is an "
            "upper bound, from a sample."
        )
    table = found.suspects[["split", "row", "label", "reason", "contrast", "flat"]].round(2)
    table = table.set_index("row")
    return Section("Blank images and non-faces", tuple(sentences), table, "Suspects by row id.", file=SUSPECTS)


def _matrix(table: pd.DataFrame, across: str, down: str) -> go.Figure:
    heat = go.Heatmap(
        z=table.to_numpy().tolist(),
        x=table.columns.tolist(),
        y=table.index.tolist(),
        colorscale="Cividis",
        texttemplate="%{z:,}",
        showscale=False,
    )
    return figure([heat], _HEIGHT + 80, xaxis=axis(across), yaxis=axis(down, autorange="reversed"))


def _line(x: float) -> dict[str, object]:
    style = {"color": _LIMIT, "width": 2, "dash": "dash"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": style}


_SECTIONS: Final[Sequence[Callable[[Audit], Section | None]]] = (
    _classes,
    _duplicates,
    _leakage,
    _conflicts,
    _votes,
    _images,
)
