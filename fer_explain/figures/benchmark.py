"""The benchmark's charts: saved predictions in; titled figures out, each with the numbers behind it as a table.

The page and the report show the same charts; words come from outside, so that they can be in any language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from fer_explain.benchmark.calibration import reliability, softmax
from fer_explain.benchmark.conformal import coverage, fit_conformal
from fer_explain.benchmark.per_class import ClassEstimates, Estimate, class_estimates, confusion_counts
from fer_explain.benchmark.published import wilson_interval
from fer_explain.benchmark.saved import Pair, Saved
from fer_explain.benchmark.selective import abstention_threshold, risk_coverage
from fer_explain.figures.chart import Chart, Words
from fer_explain.figures.confidence import reliability_figure, risk_coverage_figure
from fer_explain.figures.confusion import Norm, confusion_figure, difference_figure
from fer_explain.figures.scores import Dot, class_scores_figure, tradeoff_figure

Score = Literal["recall", "precision", "f1"]
FEW = 3  # models whose names fit above a narrow figure


def confusion_charts(models: Sequence[Saved], norm: Norm, words: Words) -> list[Chart]:
    """A matrix per model."""
    return [_confusion(model, norm, words) for model in models]


def difference_chart(a: Saved, b: Saved, norm: Norm, words: Words) -> Chart:
    """Matrix of a minus matrix of b."""
    names, counts = _names(a, words), (confusion_counts(a), confusion_counts(b))
    axes = {"true": words("bench.true"), "said": words("bench.said")}
    cells = [
        (names[i], names[j], int(counts[0][i, j]), int(counts[1][i, j]))
        for i in range(len(names))
        for j in range(len(names))
    ]
    return Chart(
        f"difference-{a.name}-{b.name}",
        f"{a.name} − {b.name}",
        difference_figure(*counts, names, norm=norm, **axes),
        (words("bench.true"), words("bench.said"), a.name, b.name),
        cells,
        cell=(a.name, b.name),
    )


def class_charts(models: Sequence[Saved], score: Score, words: Words) -> list[Chart]:
    """Recall, precision or F1 of every class with 95 % bootstrap intervals."""
    estimates = {model.name: _estimates(model) for model in models}
    shown = {
        name: [_dot(_score(classes[label], score)) for label in models[0].label_names]
        for name, classes in estimates.items()
    }
    title = words(f"bench.{score}")
    rows = [
        (name, words.emotion(label), kind, *_rounded(_score(each, kind)), each.support)
        for name, classes in estimates.items()
        for label, each in classes.items()
        for kind in ("recall", "precision", "f1")
    ]
    columns = (words("bench.model"), words("bench.class"), "score", "value", "low", "high", "n")
    return [
        Chart(
            f"classes-{score}", title, class_scores_figure(shown, _names(models[0], words), title=title), columns, rows
        )
    ]


def confidence_charts(pairs: Sequence[Pair], voted: Sequence[Saved], level: float, words: Words) -> list[Chart]:
    """Prediction sets and abstention at a level; risk against coverage; reliability of each model, of some by votes."""
    return [
        _sets(pairs, level, words),
        _set_coverage(pairs, level, words),
        _risk(pairs, words),
        *(_reliability(pair.model, words("bench.reliability"), words) for pair in pairs),
        *(_reliability(model, words("bench.reliability_voted"), words) for model in voted),
    ]


def cost_charts(models: Sequence[Saved], costs: Mapping[str, Mapping[str, float]], words: Words) -> list[Chart]:
    """Accuracy against each cost that is known: name of the model -> cost -> value."""
    kinds = dict.fromkeys(kind for cost in costs.values() for kind in cost)
    return [_cost(models, costs, kind, words) for kind in kinds]


def _cost(models: Sequence[Saved], costs: Mapping[str, Mapping[str, float]], kind: str, words: Words) -> Chart:
    points = {
        model.name: (costs[model.name][kind], _dot(_accuracy(model)))
        for model in models
        if kind in costs.get(model.name, {})
    }
    title, score = words(f"bench.{kind}"), words("bench.accuracy")
    rows = [(name, cost, *(round(value, 5) for value in _ends(dot))) for name, (cost, dot) in points.items()]
    figure = tradeoff_figure(points, cost=title, score=score)
    return Chart(f"cost-{kind}", title, figure, (words("bench.model"), title, score, "low", "high"), rows)


def _confusion(model: Saved, norm: Norm, words: Words) -> Chart:
    names, counts = _names(model, words), confusion_counts(model)
    axes = {"true": words("bench.true"), "said": words("bench.said")}
    rows = [(name, *(int(count) for count in row)) for name, row in zip(names, counts, strict=True)]
    accuracy = _accuracy(model)
    low, high = (f"{100 * end:.1f}" for end in accuracy.interval)
    note = words("bench.headline", accuracy=f"{100 * accuracy.value:.1f}", low=low, high=high, n=f"{len(model):,}")
    return Chart(
        f"confusion-{model.name}",
        model.name,
        confusion_figure(counts, names, norm=norm, **axes),
        (f"{axes['true']} / {axes['said']}", *names),
        rows,
        (note,),
        cell=(model.name, ""),
    )


def _sets(pairs: Sequence[Pair], level: float, words: Words) -> Chart:
    rows = []
    for pair in pairs:
        rule = fit_conformal(pair.validation.probabilities, pair.validation.labels, level)
        found = coverage(rule, pair.model.probabilities, pair.model.labels)
        rows.append(
            (
                pair.model.name,
                *_shares(found.covered),
                f"{found.mean_size:.2f}",
                *_shares(found.singletons),
                *_abstention(pair, level),
            )
        )
    keys = ("model", "covered", "set_size", "singletons", "abstain_from", "answered", "right")
    note = words("bench.sets.note", level=round(100 * level))
    return Chart("sets", words("bench.sets"), None, [words(f"bench.{key}") for key in keys], rows, (note,), listed=True)


def _abstention(pair: Pair, level: float) -> tuple[str, str, str]:
    """From which confidence on validation answers are right at the level, and what that gives on the split."""
    threshold = abstention_threshold(pair.validation.probabilities, pair.validation.labels, level)
    if threshold is None:
        return "-", "0 %", "-"
    sure = pair.model.probabilities.max(axis=1) >= threshold
    right = f"{100 * pair.model.correct[sure].mean():.1f} %" if sure.any() else "-"
    return f"{100 * threshold:.0f} %", f"{100 * sure.mean():.1f} %", right


def _set_coverage(pairs: Sequence[Pair], level: float, words: Words) -> Chart:
    names = _names(pairs[0].model, words)
    by_class = {
        pair.model.name: coverage(
            fit_conformal(pair.validation.probabilities, pair.validation.labels, level),
            pair.model.probabilities,
            pair.model.labels,
        ).by_class
        for pair in pairs
    }
    dots = {name: [Dot(0.0 if math.isnan(share) else share) for share in shares] for name, shares in by_class.items()}
    title = words("bench.set_coverage")
    figure = class_scores_figure(dots, names, title=title)
    figure.add_vline(x=100 * level, line={"dash": "dash", "width": 1, "color": "#7c828c"})
    rows = [
        (model, name, round(share, 5))
        for model, shares in by_class.items()
        for name, share in zip(names, shares, strict=True)
    ]
    columns = (words("bench.model"), words("bench.class"), title)
    return Chart("sets-by-class", title, figure, columns, rows, wide=len(pairs) > FEW)


def _risk(pairs: Sequence[Pair], words: Words) -> Chart:
    curves = {pair.model.name: risk_coverage(pair.model.probabilities, pair.model.labels) for pair in pairs}
    titles = words("bench.coverage"), words("bench.risk")
    figure = risk_coverage_figure(curves, coverage=titles[0], risk=titles[1])
    rows = [
        (name, round(float(curve.coverage[i]), 5), round(float(curve.risk[i]), 5), round(float(curve.confidence[i]), 5))
        for name, curve in curves.items()
        for i in np.unique(np.linspace(0, len(curve.coverage) - 1, 200).astype(int))
    ]
    columns = (words("bench.model"), *titles, words("bench.confidence"))
    return Chart("risk-coverage", words("bench.risk_coverage"), figure, columns, rows, wide=len(pairs) > FEW)


def _reliability(model: Saved, title: str, words: Words) -> Chart:
    before = reliability(softmax(model.logits), model.labels)
    after = reliability(model.probabilities, model.labels)
    texts = tuple(words(f"bench.{key}") for key in ("before", "after", "confidence", "accuracy"))
    figure = reliability_figure(before, after, texts=(texts[0], texts[1], texts[2], texts[3]))
    rows = [
        (name, *(round(float(value), 5) for value in (bins.confidence[i], bins.accuracy[i])), int(bins.counts[i]))
        for name, bins in ((texts[0], before), (texts[1], after))
        for i in range(len(bins.counts))
        if bins.counts[i]
    ]
    name = f"reliability-{model.split}-{model.name}"
    note = words("bench.temperature", t=f"{model.temperature:.2f}")
    return Chart(
        name, f"{title}: {model.name}", figure, (*words("bench.curve").split("|"), *texts[2:], "n"), rows, (note,)
    )


@lru_cache(maxsize=128)
def _estimates(model: Saved) -> dict[str, ClassEstimates]:
    return class_estimates(model)


def _accuracy(model: Saved) -> Estimate:
    value = float(model.correct.mean())
    return Estimate(value, wilson_interval(value, len(model)))


def _score(classes: ClassEstimates, score: str) -> Estimate:
    estimate: Estimate = getattr(classes, score)
    return estimate


def _dot(estimate: Estimate) -> Dot:
    return Dot(estimate.value, *estimate.interval)


def _ends(dot: Dot) -> tuple[float, ...]:
    return tuple(end for end in (dot.value, dot.low, dot.high) if end is not None)


def _rounded(estimate: Estimate) -> tuple[float, ...]:
    return tuple(round(value, 5) for value in (estimate.value, *estimate.interval))


def _shares(share: float) -> tuple[str]:
    return (f"{100 * share:.1f} %",)


def _names(model: Saved, words: Words) -> list[str]:
    return [words.emotion(label) for label in model.label_names]
