"""What networks usually do with faces of each class: the windows of their spatial transformers, and their gates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean

from fer_explain.explain.profile import Profile, Spread
from fer_explain.figures.chart import Chart, Words
from fer_explain.figures.gates import gate_means_figure
from fer_explain.figures.history import history_curves
from fer_explain.figures.scores import Dot, class_scores_figure
from fer_explain.hub.history import History

READINGS = ("rotation", "zoom")  # the two that people ask about; the table has all


def training_charts(histories: Mapping[str, History], words: Words) -> list[Chart]:
    """Loss and accuracy by epoch of each model that has a history."""
    texts = {key: words(f"bench.{key}") for key in ("train", "validation", "epoch", "loss", "accuracy", "best")}
    columns = tuple(texts[key] for key in ("epoch", "train", "validation", "accuracy"))
    return [
        Chart(f"training-{name}", name, history_curves(history, **texts), columns, _epochs(history))
        for name, history in histories.items()
    ]


def _epochs(history: History) -> list[tuple[float, ...]]:
    losses = history.train_loss, history.validation_loss
    return list(zip(history.epochs, *losses, history.validation_accuracy, strict=True))


def habit_charts(profiles: Mapping[str, Profile], labels: list[str], words: Words) -> list[Chart]:
    """Medians and 5-95 % ranges of the windows, and mean weights of the gates, by predicted class."""
    windows = {
        name: profile
        for name, profile in profiles.items()
        if any(habits.readings for habits in profile.classes.values())
    }
    charts = [_window(reading, windows, labels, words) for reading in READINGS if windows]
    gated = {
        name: profile for name, profile in profiles.items() if any(habits.gates for habits in profile.classes.values())
    }
    return [*charts, *(_gates(name, profile, labels, words) for name, profile in gated.items())]


def _window(reading: str, profiles: Mapping[str, Profile], labels: list[str], words: Words) -> Chart:
    title = words(f"studio.reading.{reading}")
    spreads = {
        name: [habits.readings[reading] if (habits := profile.classes.get(label)) else None for label in labels]
        for name, profile in profiles.items()
    }
    dots = {name: [_dot(spread) for spread in row] for name, row in spreads.items()}
    names = [words.emotion(label) for label in labels]
    rows = [
        (model, name, *spread)
        for model, row in spreads.items()
        for name, spread in zip(names, row, strict=True)
        if spread is not None
    ]
    unit = "°" if reading == "rotation" else ""
    figure = class_scores_figure(dots, names, title=title, unit=unit, scale=1)
    columns = (words("bench.model"), words("bench.class"), "5 %", "25 %", "50 %", "75 %", "95 %")
    return Chart(f"window-{reading}", title, figure, columns, rows, (words("bench.window_note"),))


def _dot(spread: Spread | None) -> Dot:
    return Dot(math.nan) if spread is None else Dot(spread.median, spread.low, spread.high)


def _gates(name: str, profile: Profile, labels: list[str], words: Words) -> Chart:
    """Mean weight of every gated layer by class, as a matrix."""
    known = [profile.classes[label] for label in labels if label in profile.classes]
    layers = list(known[0].gates)
    means = [[fmean(habits.gates[layer].mean) for habits in known] for layer in layers]
    names = [words.emotion(label) for label in labels if label in profile.classes]
    rows = [(layer, *(round(mean, 4) for mean in row)) for layer, row in zip(layers, means, strict=True)]
    title = f"{words('bench.gate_means')}: {name}"
    return Chart(f"gates-{name}", title, gate_means_figure(means, layers, names), (words("gates.layer"), *names), rows)
