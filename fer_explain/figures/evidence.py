"""Charts of evidence: which differences between models are real, and which published ones could be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.comparison import Comparison, compare_all, compare_classes
from fer_explain.benchmark.published import FER2013, Claim, claims, gap
from fer_explain.benchmark.saved import Saved
from fer_explain.figures.benchmark import Chart, Words
from fer_explain.figures.scores import Dot, Line, claims_figure
from fer_explain.figures.significance import agreement_figure, significance_figure
from fer_explain.benchmark.comparison import agreement

OURS = "ours"


def evidence_charts(models: Sequence[Saved], leaked: Integers | None, words: Words) -> list[Chart]:
    """Every pair of models on all images and, where it is known, on those without a duplicate in training.

    Holm's correction is over all pairs. Two models are also compared class by class.
    """
    names = [model.name for model in models]
    charts = [_matrix("significance", words("bench.all_images"), _pairs(tuple(models), None), names, words)]
    if leaked is not None:
        kept = tuple(sorted(set(models[0].rows.tolist()) - set(leaked.tolist())))
        title = words("bench.deduplicated", n=f"{len(kept):,}")
        charts.append(_matrix("significance-deduplicated", title, _pairs(tuple(models), kept), names, words))
    if len(models) == 2:
        charts.append(_by_class(models[0], models[1], words))
    shares = agreement(models)
    figure = agreement_figure(shares, names, hover=words("bench.same_answer"))
    rows = [(name, *(round(float(share), 5) for share in row)) for name, row in zip(names, shares, strict=True)]
    charts.append(Chart("agreement", words("bench.same_answer"), figure, ("", *names), rows))
    return charts


def claim_charts(models: Sequence[Saved], paper: str, words: Words) -> list[Chart]:
    """Published accuracies beside ours, best first; the gap to our best model with its interval, and every caution.

    Args:
        models: ours, on FER2013's test split.
        paper: key of a paper; "" means all.
        words: texts.
    """
    chosen = [claim for claim in claims() if claim.dataset == FER2013 and paper in ("", claim.paper.key)]
    lines = [_published(claim, words) for claim in chosen]
    lines += [_own(model) for model in models]
    lines.sort(key=lambda line: -line.dot.value)
    texts = {key: words(f"bench.{key}") for key in (OURS, "published", "doubtful")}
    figure = claims_figure(lines, title=words("bench.accuracy"), **texts)
    best = max(models, key=lambda model: float(model.correct.mean()), default=None)
    rows = [_claim_row(claim, best, words) for claim in sorted(chosen, key=lambda claim: -claim.accuracy)]
    keys = ("model", "paper", "accuracy", "split", "views", "gap", "cautions")
    title = words("bench.claims_of", n=len(chosen))
    note = [words("bench.claims_best", model=best.name)] if best else []
    return [
        Chart("claims", title, figure, [words(f"bench.{key}") for key in keys], rows, note, listed=True),
        _noise(chosen, words),
    ]


def sentence(pair: Comparison, words: Words) -> str:
    """The outcome of a comparison in words."""
    low, high = (f"{100 * end:+.1f}" for end in pair.difference.interval)
    numbers = {"points": f"{100 * pair.difference.value:+.1f}", "low": low, "high": high, "n": f"{pair.n:,}"}
    if pair.better is None:
        return words("bench.no_evidence", a=pair.a, b=pair.b, **numbers)
    worse = pair.b if pair.better == pair.a else pair.a
    return words("bench.better", better=pair.better, worse=worse, a=pair.a, b=pair.b, **numbers)


@lru_cache(maxsize=32)
def _pairs(models: tuple[Saved, ...], kept: tuple[int, ...] | None) -> list[Comparison]:
    return compare_all(models, None if kept is None else list(kept))


@lru_cache(maxsize=32)
def _classes(a: Saved, b: Saved) -> dict[str, Comparison]:
    return compare_classes(a, b)


def _matrix(key: str, title: str, pairs: Sequence[Comparison], names: Sequence[str], words: Words) -> Chart:
    figure = significance_figure(pairs, names)
    return Chart(key, title, figure, _columns(words), [_row(pair) for pair in pairs], [sentence(pair, words) for pair in pairs])


def _by_class(a: Saved, b: Saved, words: Words) -> Chart:
    per_class = _classes(a, b)
    rows = [(words.emotion(label), *_row(pair)) for label, pair in per_class.items()]
    note = [f"{words.emotion(label)}: {sentence(pair, words)}" for label, pair in per_class.items()]
    columns = (words("bench.class"), *_columns(words))
    return Chart("significance-by-class", words("bench.by_class"), None, columns, rows, note)


def _columns(words: Words) -> tuple[str, ...]:
    keys = ("points", "low", "high", "only_a", "only_b", "p_value", "p_holm", "n")
    return ("a", "b", *(words(f"bench.{key}") for key in keys))


def _row(pair: Comparison) -> tuple[str | float | int, ...]:
    low, high = pair.difference.interval
    numbers = (round(100 * value, 3) for value in (pair.difference.value, low, high))
    p_values = (float(f"{p:.4g}") for p in (pair.test.p_value, pair.adjusted_p))
    return pair.a, pair.b, *numbers, pair.test.only_a, pair.test.only_b, *p_values, pair.n


def _published(claim: Claim, words: Words) -> Line:
    interval = claim.interval
    dot = Dot(claim.accuracy, *interval) if interval else Dot(claim.accuracy)
    note = f"{claim.paper.cite}, {claim.table}, {claim.split}. {_cautions(claim, words)}"
    return Line(claim.name, dot, doubtful=claim.doubtful, note=note)


def _own(model: Saved) -> Line:
    from fer_explain.benchmark.published import wilson_interval

    value = float(model.correct.mean())
    return Line(model.name, Dot(value, *wilson_interval(value, len(model))), ours=True, note=model.split)


def _claim_row(claim: Claim, best: Saved | None, words: Words) -> tuple[str, ...]:
    told = "-"
    if best is not None:
        difference = gap(float(best.correct.mean()), len(best), claim)
        low, high = (f"{100 * end:+.1f}" for end in difference.interval)
        told = f"{100 * difference.value:+.1f} ({low} … {high})"
        if not difference.interval.excludes_zero:
            told += f" {words('bench.noise')}"
    source = f"{claim.paper.cite}, {claim.table}"
    return claim.name, source, f"{100 * claim.accuracy:.2f} %", claim.split, claim.views, told, _cautions(claim, words)


def _cautions(claim: Claim, words: Words) -> str:
    return " ".join(words(f"bench.flag.{flag}") for flag in claim.flags)


def _noise(chosen: Sequence[Claim], words: Words) -> Chart:
    """Neighbours in the ranking of published numbers, and whether the step between them is more than noise."""
    ranked = sorted(chosen, key=lambda claim: -claim.accuracy)
    rows = []
    for above, below in zip(ranked, ranked[1:], strict=False):
        step = gap(above.accuracy, 3589, below)
        low, high = (f"{100 * end:+.1f}" for end in step.interval)
        verdict = words("bench.noise") if not step.interval.excludes_zero else words("bench.larger")
        rows.append((above.name, below.name, f"{100 * step.value:+.2f} ({low} … {high})", verdict))
    small = sum(row[3] == words("bench.noise") for row in rows)
    note = words("bench.steps_note", small=small, total=len(rows))
    columns = (words("bench.above"), words("bench.below"), words("bench.gap"), words("bench.verdict"))
    return Chart("published-steps", words("bench.steps"), None, columns, rows, (note,), listed=True)
