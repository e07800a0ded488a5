"""Networks under the suite of disturbances: right answers, and answers that stay, network by disturbance.

In the manner of Hendrycks and Dietterich 2019; the numbers are those of ``disturbed.json`` in each checkpoint folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from fer_explain.benchmark.disturbed import Disturbed, Row, Share
from fer_explain.figures.chart import Chart, Words
from fer_explain.figures.palette import CELL_FONT, ONE_HUE, cell_texts
from fer_explain.figures.style import matrix

CELL = 34  # pixels
PLAIN = "plain"  # the column of the faces as they are


def robustness_charts(found: Mapping[str, Disturbed], strength: int, words: Words) -> list[Chart]:
    """Accuracy and unchanged answers under each disturbance.

    Args:
        found: by network. Those measured on other faces than the first one are left out, and named in the note.
        strength: 1 (mild) to 3 (strong); a disturbance with fewer strengths shows its strongest.
        words: of the page or the report.
    """
    first = next(iter(found.values()))
    same = {name: each for name, each in found.items() if (each.data, each.n, each.seed) == _asked(first)}
    note = [words("bench.robustness.note", n=f"{first.n:,}", split=words(f"bench.{first.split}"), seed=first.seed)]
    if others := [name for name in found if name not in same]:
        note.append(words("bench.robustness.others", names=", ".join(others)))
    kinds: dict[str, Callable[[Row], Share]] = {
        "accuracy": lambda row: row.accuracy,
        "unchanged": lambda row: row.unchanged,
    }
    return [_chart(same, kind, strength, read, note, words) for kind, read in kinds.items()]


def _asked(found: Disturbed) -> tuple[str, int, int]:
    return found.data, found.n, found.seed


def _chart(
    found: Mapping[str, Disturbed],
    kind: str,
    strength: int,
    read: Callable[[Row], Share],
    note: Sequence[str],
    words: Words,
) -> Chart:
    at = {name: list(each.at(strength)) for name, each in found.items()}
    names = list(dict.fromkeys(row.disturbance for rows in at.values() for row in rows))
    plain = [PLAIN] if kind == "accuracy" else []
    cells = {
        name: {row.disturbance: read(row) for row in rows} | dict.fromkeys(plain, found[name].plain)
        for name, rows in at.items()
    }
    columns = [*plain, *names]
    rows = [
        (name, words(f"bench.disturbance.{row.disturbance}"), row.strength, row.amount, share.value, *share.interval)
        for name, each in found.items()
        for row in each.rows
        for share in [read(row)]
    ]
    head = (words("bench.model"), words("bench.disturbance"), words("bench.strength"), words("bench.amount"))
    return Chart(
        f"robustness-{kind}",
        words(f"bench.robustness.{kind}"),
        _matrix(cells, columns, [words(f"bench.disturbance.{name}") for name in columns]),
        (*head, words(f"bench.robustness.{kind}"), words("bench.low"), words("bench.high")),
        rows,
        note,
        wide=True,
    )


def _matrix(cells: Mapping[str, Mapping[str, Share]], columns: Sequence[str], titles: Sequence[str]) -> go.Figure:
    """Shares in per cent, with their intervals where the pointer is."""
    shares = [[row.get(column) for column in columns] for row in cells.values()]
    values = np.array([[np.nan if share is None else 100 * share.value for share in row] for row in shares])
    text = [["" if share is None else f"{100 * share.value:.0f}" for share in row] for row in shares]
    heatmap = go.Heatmap(
        z=values,
        x=list(titles),
        y=list(cells),
        text=cell_texts(np.nan_to_num(values), text, ONE_HUE, 0, 100),
        texttemplate="%{text}",
        textfont=CELL_FONT,
        customdata=[[str(share or "") for share in row] for row in shares],
        hovertemplate="%{y}<br>%{x}: %{customdata}<extra></extra>",
        colorscale=ONE_HUE,
        zmin=0,
        zmax=100,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    return matrix(heatmap, CELL * max(len(cells), 2) + 130, tilt=-40)
