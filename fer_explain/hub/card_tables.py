"""The tables of a model card: scores by split and class, further measurements, and the suite of disturbances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fer_explain.benchmark.disturbed import Disturbed, Row
from fer_explain.benchmark.further import UNLEAKED, WHOLE, read_further
from fer_explain.benchmark.metrics import Metrics
from fer_explain.hub.folder import CONFUSION

# Every scalar of Metrics in the order of the table: its heading and whether it is a share, shown in per cent.
SCORES: Final = {
    "accuracy": ("Accuracy", True),
    "balanced_accuracy": ("Balanced accuracy", True),
    "macro_f1": ("Macro F1", True),
    "weighted_f1": ("Weighted F1", True),
    "nll": ("Negative log-likelihood (nats)", False),
    "ece": ("Calibration error (ECE)", True),
    "ece_uncalibrated": ("ECE before temperature scaling", True),
}


def results(splits: Mapping[str, Metrics], metrics: Mapping[str, Any]) -> str:
    """Every scalar of each split with its interval."""
    if not splits:
        return ""
    head = ["", *(f"{split} (n = {scores.n:,})" for split, scores in splits.items())]
    rows = (
        [title, *(_with_interval(scores, field, share) for scores in splits.values())]
        for field, (title, share) in SCORES.items()
    )
    tta = metrics.get("settings", {}).get("tta", "none")
    note = (
        "In brackets: 95 % bootstrap interval over the images. Epoch and temperature were chosen on the validation "
        f"split; the test split was read after training. Test-time augmentation: {tta}."
    )
    return f"{table(head, rows)}\n\n{note}"


def _with_interval(scores: Metrics, field: str, share: bool) -> str:
    value, (low, high) = getattr(scores, field), scores.intervals[field]
    if share:
        return f"{100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def shown_split(splits: Mapping[str, Metrics]) -> str:
    """The split whose classes are shown: test, or the last one there is."""
    return "test" if "test" in splits else list(splits)[-1]


def by_class(splits: Mapping[str, Metrics]) -> str:
    """Table by class of one split, with the confusion counts beside it, and their picture."""
    if not splits:
        return ""
    split = shown_split(splits)
    scores = splits[split]
    head = [split, "precision", "recall", "F1", "images", *(f"said {name}" for name in scores.labels)]
    rows = (
        [name, *(f"{100 * share:.1f} %" for share in (one.precision, one.recall, one.f1)), one.support, *said]
        for (name, one), said in zip(scores.classes.items(), scores.confusion, strict=True)
    )
    return f"{table(head, rows)}\n\n![Confusion counts of the {split} split, as in the table]({CONFUSION})"


def further(metrics: Mapping[str, Any]) -> str:
    """Table of what was measured with other views, on other data, or on a part of a split."""
    measured = read_further(metrics).values()
    if not measured:
        return ""
    fields = ("accuracy", "macro_f1", "ece")
    head = ["data", "split", "images", "test-time augmentation", *(SCORES[field][0] for field in fields), "not scored"]
    rows = (
        [
            one.data or "own",
            one.split if one.part == WHOLE else f"{one.split}, {one.part}",
            f"{one.scores.n:,}",
            one.tta,
            *(_with_interval(one.scores, field, share=True) for field in fields),
            ", ".join(f"{n:,} {name}" for name, n in one.left_out.items()) or "none",
        ]
        for one in measured
    )
    note = (
        f"*{UNLEAKED}*: only images of which training has no exact or near duplicate."
        if any(one.part == UNLEAKED for one in measured)
        else ""
    )
    return "\n\n".join(filter(None, (table(head, rows), note)))


def under_disturbances(disturbed: Disturbed | None) -> str:
    """Table of the strongest form of each disturbance, the worst one named."""
    if disturbed is None:
        return ""
    worst = disturbed.worst
    rows: list[list[object]] = [["as it is", "", disturbed.plain, ""]]
    rows += [[_spoken(row), f"{row.amount:g}", row.accuracy, row.unchanged] for row in disturbed.strongest()]
    return (
        f"Each image of the {disturbed.split} split (n = {disturbed.n:,}) disturbed; shown is the strongest of up to "
        f"three strengths, all are in `disturbed.json`. Worst: {_spoken(worst)}, {worst.accuracy}.\n\n"
        + table(["disturbance", "amount", "accuracy", "unchanged answers"], rows)
    )


def _spoken(row: Row) -> str:
    return row.disturbance.replace("_", " ")


def table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    lines = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
