"""The faces behind a cell of a confusion matrix, or their row ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.saved import Saved
from fer_explain.benchmark.statistics import Doubles
from fer_explain.emotions import color_of
from fer_explain.figures.probabilities import percent
from fer_explain.types import Pixels
from fer_explain.ui.shell.photo import picture_uri
from fer_explain.ui.shell.texts import Texts


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
    """Faces with their true class and what each model says; one with a picture can be opened on the other tabs."""
    if not cards:
        return ""
    places = np.searchsorted(models[0].rows, [card.row for card in cards])
    shares = np.stack([model.probabilities[places] for model in models], axis=1)
    true = [models[0].label_names[int(models[0].labels[place])] for place in places]
    items = "".join(
        _card(card, label, models, share, texts) for card, label, share in zip(cards, true, shares, strict=True)
    )
    return f'<ol class="fer-gallery">{items}</ol>'


def _card(card: Card, true: str, models: Sequence[Saved], shares: Doubles, texts: Texts) -> str:
    """One face; ``shares`` (M, K) are what the models say about it."""
    heading = f'<b style="--emotion:{color_of(true, models[0].label_names)}">{escape(texts.emotion(true))}</b>'
    mark = f'<span class="fer-badge">{escape(texts("bench.duplicate"))}</span>' if card.duplicate else ""
    said = "".join(_said(model, share, true, texts) for model, share in zip(models, shares, strict=True))
    votes = ", ".join(f"{texts.emotion(name)} {n}" for name, n in card.votes.items())
    told = f'<p class="fer-small">{escape(texts("bench.votes", votes=votes))}</p>' if votes else ""
    row = f"<small>{escape(texts('bench.row', row=card.row))}</small>"
    return (
        f'<li data-row="{card.row}">{_picture(card, true, texts)}<div class="fer-told"><p>{heading} {row}</p>{mark}'
        f"<dl>{said}</dl>{told}{_numbers(models, shares, texts)}</div></li>"
    )


def _picture(card: Card, true: str, texts: Texts) -> str:
    if card.picture is None:
        return ""
    name = escape(texts("bench.open", row=card.row, emotion=texts.emotion(true)))
    compare = escape(texts("bench.compare", row=card.row))
    return (
        f'<div class="fer-openers"><button type="button" data-open="analyse" aria-label="{name}" title="{name}">'
        f'<img src="{picture_uri(card.picture)}" alt=""></button>'
        f'<button type="button" data-open="compare" title="{compare}" aria-label="{compare}">'
        f"{escape(texts('tab.compare'))}</button></div>"
    )


def _said(model: Saved, shares: Doubles, true: str, texts: Texts) -> str:
    """A model's answer, the probability of the true class where it said another one, and all of them as a bar."""
    best = int(shares.argmax())
    said = model.label_names[best]
    rest = ""
    if said != true:
        own = percent(100 * float(shares[model.label_names.index(true)]))
        rest = f" <small>({escape(texts.emotion(true))} {own})</small>"
    bar = "".join(
        f'<i style="--p:{share:.4f};--emotion:{color_of(name, model.label_names)}"></i>'
        for name, share in zip(model.label_names, shares.tolist(), strict=True)
    )
    return (
        f'<div data-right="{str(said == true).lower()}"><dt>{escape(model.name)}</dt>'
        f"<dd>{escape(texts.emotion(said))} {percent(100 * float(shares[best]))}{rest}"
        f'<span class="fer-shares" aria-hidden="true">{bar}</span></dd></div>'
    )


def _numbers(models: Sequence[Saved], shares: Doubles, texts: Texts) -> str:
    """All probabilities (M, K) as a table, folded."""
    heads = "".join(f'<th scope="col">{number}</th>' for number in range(1, len(models) + 1))
    rows = "".join(
        f'<tr><th scope="row">{escape(texts.emotion(name))}</th>'
        + "".join(f"<td>{percent(100 * float(share))}</td>" for share in column)
        + "</tr>"
        for name, column in zip(models[0].label_names, shares.T, strict=True)
    )
    head = f"<tr><td></td>{heads}</tr>" if len(models) > 1 else ""
    return (
        f'<details><summary>{escape(texts("bench.shares"))}</summary><div class="fer-scroll" tabindex="0">'
        f'<table class="fer-table">{head}{rows}</table></div></details>'
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
