"""Charts for the page's own plotly, and the faces behind a cell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from plotly.utils import PlotlyJSONEncoder

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.saved import Saved
from fer_explain.emotions import COLORS
from fer_explain.figures.benchmark import Chart
from fer_explain.figures.probabilities import percent
from fer_explain.types import Pixels
from fer_explain.ui.texts import Texts
from fer_explain.ui.views.photo import picture_uri


def charts(shown: Sequence[Chart], texts: Texts) -> str:
    """Charts as the JSON that ``chart.js`` draws."""
    words = {key: texts(f"bench.{key}") for key in ("table", "download")}
    told = [
        {
            "key": chart.key,
            "title": chart.title,
            "note": list(chart.note),
            "figure": chart.figure.to_dict() if chart.figure is not None else None,
            "columns": list(chart.columns),
            "rows": [list(row) for row in chart.rows],
            "listed": chart.listed,
            "cell": chart.cell,
        }
        for chart in shown
    ]
    return json.dumps({"words": words, "charts": told}, cls=PlotlyJSONEncoder, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Card:
    """One face of the gallery.

    Attributes:
        row: its id in the data set.
        picture: uint8 (H, W, 3), or None without the data.
        votes: of FER+, most first; {} where unknown.
        duplicate: whether it has a near-duplicate in training; None where that is not known.
    """

    row: int
    picture: Pixels | None
    votes: Mapping[str, int]
    duplicate: bool | None


def gallery(cards: Sequence[Card], models: Sequence[Saved], texts: Texts) -> str:
    """Faces with their true class and what each model says; a face with a picture is a button that opens it."""
    if not cards:
        return ""
    places = np.searchsorted(models[0].rows, [card.row for card in cards])
    shares = [model.probabilities[places] for model in models]
    items = "".join(
        _card(card, int(place), i, models, shares, texts)
        for i, (card, place) in enumerate(zip(cards, places, strict=True))
    )
    return f'<ol class="fer-gallery">{items}</ol>'


def _card(
    card: Card, place: int, index: int, models: Sequence[Saved], shares: Sequence[np.ndarray], texts: Texts
) -> str:
    names = models[0].label_names
    true = names[int(models[0].labels[place])]
    heading = f'<b style="--emotion:{COLORS.get(true, "gray")}">{escape(texts.emotion(true))}</b>'
    mark = f'<span class="fer-badge">{escape(texts("bench.duplicate"))}</span>' if card.duplicate else ""
    rows = "".join(_said(model, share[index], true, texts) for model, share in zip(models, shares, strict=True))
    votes = ", ".join(f"{texts.emotion(name)} {n}" for name, n in card.votes.items())
    told = f'<p class="fer-small">{escape(texts("bench.votes", votes=votes))}</p>' if votes else ""
    return (
        f'<li data-row="{card.row}">{_picture(card, true, texts)}<div><p>{heading} '
        f"<small>{escape(texts('bench.row', row=card.row))}</small></p>{mark}<dl>{rows}</dl>{told}</div></li>"
    )


def _picture(card: Card, true: str, texts: Texts) -> str:
    if card.picture is None:
        return ""
    name = escape(texts("bench.open", row=card.row, emotion=texts.emotion(true)))
    return (
        f'<button type="button" data-open="{card.row}" aria-label="{name}" title="{name}">'
        f'<img src="{picture_uri(card.picture)}" alt=""></button>'
    )


def _said(model: Saved, shares: np.ndarray, true: str, texts: Texts) -> str:
    """A model's answer, and the probability of the true class where it said another one; all in the hover text."""
    best = int(shares.argmax())
    said = model.label_names[best]
    all_of_it = ", ".join(
        f"{texts.emotion(name)} {percent(100 * share)}"
        for name, share in zip(model.label_names, shares.tolist(), strict=True)
    )
    right = said == true
    rest = (
        ""
        if right
        else f" <small>({escape(texts.emotion(true))} {percent(100 * float(shares[model.label_names.index(true)]))})</small>"
    )
    return (
        f'<div title="{escape(all_of_it)}" data-right="{str(right).lower()}"><dt>{escape(model.name)}</dt>'
        f"<dd>{escape(texts.emotion(said))} {percent(100 * float(shares[best]))}{rest}</dd></div>"
    )


def row_list(rows: Integers, texts: Texts) -> str:
    """The row ids alone, where there are no pictures."""
    if not len(rows):
        return ""
    ids = " ".join(str(row) for row in rows.tolist())
    return (
        f'<p class="fer-note">{escape(texts("bench.no_data"))}</p>'
        f'<details class="fer-rows"><summary>{escape(texts("bench.row_ids", n=f"{len(rows):,}"))}</summary>'
        f"<code>{ids}</code></details>"
    )
