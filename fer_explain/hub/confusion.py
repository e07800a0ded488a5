"""The picture of a confusion matrix that a model card shows, drawn by matplotlib without a display or a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fer_explain.benchmark.metrics import Metrics
from fer_explain.hub.files import write_atomically


def draw_confusion(path: Path, scores: Metrics, title: str) -> None:
    """Writes a PNG: a row per true class, shaded by the share of its images that were called each class.

    Raises:
        FerError: it cannot be written.
    """
    from matplotlib.figure import Figure  # takes half a second, and only a card needs it

    counts = np.array(scores.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(1.0, len(scores.labels) / 8)  # so that a cell has room for its numbers
    figure = Figure(figsize=(7 * side, 6.2 * side), layout="constrained", facecolor="white")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    places = range(len(scores.labels))
    axes.set_xticks(places, scores.labels, rotation=45, ha="right")
    axes.set_yticks(places, scores.labels)
    axes.set(xlabel="said", ylabel="true", title=title)
    for (row, column), count in np.ndenumerate(counts):
        ink = "white" if shares[row, column] > 0.5 else "black"
        text = f"{count:,}\n{shares[row, column]:.0%}".replace("%", " %")
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=8)
    write_atomically(path, lambda to: figure.savefig(to, format="png", dpi=120, metadata={"Software": None}))
