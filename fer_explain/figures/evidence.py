"""Charts of evidence: which differences between models are real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import plotly.graph_objects as go

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.comparison import Comparison, agreement, compare, compare_all, compare_classes
from fer_explain.benchmark.saved import Saved
from fer_explain.figures.chart import Chart, Words
from fer_explain.figures.scores import Dot, class_scores_figure
from fer_explain.figures.significance import agreement_figure, significance_figure
from fer_explain.figures.style import INK


def pair_chart(a: Saved, b: Saved, leaked: Integers | None, words: Words) -> Chart:
    """Model ``a`` against model ``b``: on all images, without duplicates of training images where known, by class.

    Holm's correction is over the classes; the two comparisons on all classes stand for themselves.
    """
    whole = {words("bench.all_images"): _pair(a, b, None)}
    if leaked is not None:
        kept = _without(a, leaked)
        whole[words("bench.unleaked")] = _pair(a, b, kept)
    by_class = {words.emotion(label): pair for label, pair in _classes(a, b).items()}
    return Chart(
        f"pair-{a.name}-{b.name}",
        words("bench.pair", a=a.name, b=b.name),
        _differences(whole | by_class, words("bench.points")),
        (words("bench.images"), *_columns(words)[2:], words("bench.verdict")),
        [(name, *_row(pair)[2:], pair.better or words("bench.undecided")) for name, pair in (whole | by_class).items()],
        [f"{name}: {sentence(pair, words)}" for name, pair in whole.items()],
        listed=True,
    )


def evidence_charts(models: Sequence[Saved], leaked: Integers | None, words: Words) -> list[Chart]:
    """Every pair of models on all images and, where it is known, on those without a duplicate in training.

    Holm's correction is over all pairs.
    """
    names = [model.name for model in models]
    charts = [_matrix("significance", words("bench.all_images"), _pairs(tuple(models), None), names, words)]
    if leaked is not None:
        kept = _without(models[0], leaked)
        title = words("bench.deduplicated", n=f"{len(kept):,}")
        charts.append(_matrix("significance-deduplicated", title, _pairs(tuple(models), kept), names, words))
    shares = agreement(models)
    figure = agreement_figure(shares, names, hover=words("bench.same_answer"))
    rows = [(name, *(round(float(share), 5) for share in row)) for name, row in zip(names, shares, strict=True)]
    return [*charts, Chart("agreement", words("bench.same_answer"), figure, ("", *names), rows)]


def sentence(pair: Comparison, words: Words) -> str:
    """The outcome of a comparison in words."""
    low, high = (f"{100 * end:+.1f}" for end in pair.difference.interval)
    numbers = {"points": f"{100 * pair.difference.value:+.1f}", "low": low, "high": high, "n": f"{pair.n:,}"}
    if pair.better is None:
        return words("bench.no_evidence", a=pair.a, b=pair.b, **numbers)
    worse = pair.b if pair.better == pair.a else pair.a
    return words("bench.better", better=pair.better, worse=worse, a=pair.a, b=pair.b, **numbers)


# Kept by the identity of the predictions: a bootstrap of many pairs takes seconds.
@lru_cache(maxsize=32)
def _pairs(models: tuple[Saved, ...], kept: tuple[int, ...] | None) -> list[Comparison]:
    return compare_all(models, None if kept is None else list(kept))


@lru_cache(maxsize=64)
def _pair(a: Saved, b: Saved, kept: tuple[int, ...] | None) -> Comparison:
    return compare(a, b, None if kept is None else list(kept))


@lru_cache(maxsize=64)
def _classes(a: Saved, b: Saved) -> dict[str, Comparison]:
    return compare_classes(a, b)


def _without(model: Saved, leaked: Integers) -> tuple[int, ...]:
    return tuple(sorted(set(model.rows.tolist()) - set(leaked.tolist())))


def _matrix(key: str, title: str, pairs: Sequence[Comparison], names: Sequence[str], words: Words) -> Chart:
    real = sum(pair.better is not None for pair in pairs)
    note = (words("bench.pairs_note", real=real, total=len(pairs)),)
    told = {(pair.a, pair.b): sentence(pair, words) for pair in pairs}
    return Chart(
        key, title, significance_figure(pairs, names, told), _columns(words), [_row(pair) for pair in pairs], note
    )


def _differences(pairs: Mapping[str, Comparison], title: str) -> go.Figure:
    dots = [Dot(pair.difference.value, *pair.difference.interval) for pair in pairs.values()]
    figure = class_scores_figure({title: dots}, list(pairs), title=title, unit="")
    figure.add_vline(x=0, line={"dash": "dash", "width": 1, "color": INK})
    return figure


def _columns(words: Words) -> tuple[str, ...]:
    keys = ("points", "low", "high", "only_a", "only_b", "p_value", "p_holm")
    return ("a", "b", *(words(f"bench.{key}") for key in keys), "n")


def _row(pair: Comparison) -> tuple[str | float | int, ...]:
    low, high = pair.difference.interval
    numbers = (round(100 * value, 2) for value in (pair.difference.value, low, high))
    p_values = (float(f"{p:.3g}") for p in (pair.test.p_value, pair.adjusted_p))
    return pair.a, pair.b, *numbers, pair.test.only_a, pair.test.only_b, *p_values, pair.n
