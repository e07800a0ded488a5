"""Charts of published numbers: beside ours, and against one another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

from fer_explain.benchmark.published import FER2013, TEST_IMAGES, Claim, claims, gap, wilson_interval
from fer_explain.benchmark.saved import Saved
from fer_explain.benchmark.statistics import Difference
from fer_explain.figures.chart import Chart, Words
from fer_explain.figures.scores import Dot, Line, claims_figure
from fer_explain.figures.significance import steps_figure


def claim_charts(models: Sequence[Saved], paper: str, words: Words) -> list[Chart]:
    """Published accuracies beside ours, best first, with every caution; and which of them differ by more than noise.

    Args:
        models: ours, on FER2013's test split.
        paper: key of a paper; "" means all.
        words: texts.
    """
    chosen = [claim for claim in claims() if claim.dataset == FER2013 and paper in ("", claim.paper.key)]
    chosen.sort(key=lambda claim: -claim.accuracy)
    return [_beside_ours(chosen, models, words), _among_themselves(chosen, words)]


def _beside_ours(chosen: Sequence[Claim], models: Sequence[Saved], words: Words) -> Chart:
    """All numbers on one axis; the gap is that of our best model."""
    lines = [*(_published(claim, words) for claim in chosen), *(_own(model) for model in models)]
    lines.sort(key=lambda line: -line.dot.value)
    texts = {key: words(f"bench.{key}") for key in ("ours", "published", "doubtful")}
    best = max(models, key=lambda model: float(model.correct.mean()), default=None)
    keys = ("model", "paper", "accuracy", "split", "views", "seeds", "gap", "cautions")
    return Chart(
        "claims",
        words("bench.claims_of", n=len(chosen)),
        claims_figure(lines, title=words("bench.accuracy"), **texts),
        [words(f"bench.{key}") for key in keys],
        [_row(claim, best, words) for claim in chosen],
        [words("bench.claims_best", model=best.name)] if best else [],
        listed=True,
    )


def _among_themselves(chosen: Sequence[Claim], words: Words) -> Chart:
    """Every two published numbers, and how many steps from one to the next are less than noise."""
    steps = [_step(above, below) for above, below in pairwise(chosen)]
    pairs = {(i, j): _step(chosen[i], chosen[j]) for i, j in combinations(range(len(chosen)), 2)}
    rows = [
        (chosen[i].name, chosen[j].name, _told(step), words(f"bench.{'larger' if _real(step) else 'noise'}"))
        for (i, j), step in pairs.items()
    ]
    small = sum(not _real(step) for step in steps)
    small_pairs = sum(not _real(step) for step in pairs.values())
    figure = steps_figure(
        {place: (step.value, _real(step)) for place, step in pairs.items()},
        [claim.name for claim in chosen],
        noise=words("bench.noise"),
    )
    return Chart(
        "published-steps",
        words("bench.steps"),
        figure,
        [words(f"bench.{key}") for key in ("above", "below", "gap", "verdict")],
        rows,
        (words("bench.steps_note", small=small, total=len(steps), n=f"{TEST_IMAGES:,}"),
         words("bench.steps_pairs", small=small_pairs, total=len(pairs))),
        wide=True,
    )  # fmt: skip


def _step(above: Claim, below: Claim) -> Difference:
    return gap(above.accuracy, TEST_IMAGES, below)


def _real(step: Difference) -> bool:
    return step.interval.excludes_zero


def _told(step: Difference) -> str:
    low, high = (f"{100 * end:+.1f}" for end in step.interval)
    return f"{100 * step.value:+.1f} ({low} … {high})"


def _published(claim: Claim, words: Words) -> Line:
    interval = claim.interval
    dot = Dot(claim.accuracy, *interval) if interval else Dot(claim.accuracy)
    note = f"{claim.paper.cite}, {claim.table}, {claim.split}. {_cautions(claim, words)}"
    return Line(claim.name, dot, doubtful=claim.doubtful, note=note)


def _own(model: Saved) -> Line:
    value = float(model.correct.mean())
    return Line(model.name, Dot(value, *wilson_interval(value, len(model))), ours=True, note=model.split)


def _row(claim: Claim, best: Saved | None, words: Words) -> tuple[str, ...]:
    told = "-"
    if best is not None:
        difference = gap(float(best.correct.mean()), len(best), claim)
        told = _told(difference)
        if not _real(difference):
            told += f", {words('bench.noise')}"
    source = f"{claim.paper.cite}, {claim.table}"
    accuracy = f"{100 * claim.accuracy:.2f} %"
    return claim.name, source, accuracy, claim.split, claim.views, claim.seeds, told, _cautions(claim, words)


def _cautions(claim: Claim, words: Words) -> str:
    return " ".join(words(f"bench.flag.{flag}") for flag in claim.flags)
