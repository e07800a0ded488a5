"""The sections of a study's report: what was run, what it scored, what differs, and what each cause is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from fer_explain.benchmark.comparison import Comparison
from fer_explain.hub.predictions import Split
from training.audit.sections import Section
from training.study.causes import Worth
from training.study.effects import Effect
from training.study.figures import curves_figure, effects_figure, variants_figure
from training.study.plan import Study
from training.study.scores import RIGHT, UNCHANGED
from training.study.summary import Line
from training.targets import FERPLUS

TABLE: Final = "table"  # .parquet and .csv
VARIANTS: Final = "variants.csv"
EFFECTS: Final = "differences.csv"
PAIRS: Final = "pairs.csv"
WORTHS: Final = "causes.csv"
CAUSES: Final = "What each cause is worth"

_AGAINST_FIRST: Final = "A level counts against the first of its factor, averaged over the levels of the other factors."
_ABOUT: Final = {
    FERPLUS: f"{FERPLUS}: the first data set, labelled with the class that most of FER+'s voters named.",
    RIGHT: f"{RIGHT}: the share of right answers, the mean over all disturbances at their strongest.",
    UNCHANGED: f"{UNCHANGED}: the share of answers that stay what they are without the disturbance, the same mean.",
}


def ran(study: Study, done: int, judged: str, split: Split, failed: Mapping[str, str]) -> Section:
    """What was planned, how many runs are ``done`` and which failed, and what they are judged on, in a sentence."""
    folds = f", {study.folds} folds" if study.folds else ""
    sentences = [
        study.description,
        f"{done} of {len(study.runs)} runs are finished: {len(study.variants)} variants, {len(study.seeds)} "
        f"{'seeds' if len(study.seeds) > 1 else 'seed'}{folds}.",
    ]
    sentences += [f"Run {name} failed: {reason}" for name, reason in failed.items()]
    sentences.append(judged)
    if split == "validation":
        sentences.append(
            "A run whose recipe keeps the best epoch chose it on the very images it is judged on here, so its accuracy "
            "is a little too high, that of a restless variant more than others."
        )
    table = pd.DataFrame(
        {"network": variant.model, "recipe": variant.recipe, "options": _told(variant.options)}
        for variant in study.variants
    )
    table.index = pd.Index([variant.name for variant in study.variants], name="variant")
    return Section("What was run", tuple(filter(None, sentences)), table, "Options that differ from the recipe.")


def _told(options: Mapping[str, object]) -> str:
    args = options.get("model_args", {})
    flat = {key: value for key, value in options.items() if key not in ("model", "recipe", "model_args")}
    flat |= args if isinstance(args, dict) else {}
    return ", ".join(f"{key} = {value}" for key, value in flat.items()) or "-"


def variants(lines: Sequence[Line]) -> Section:
    """What each variant scores on the split that the study is judged on."""
    table = pd.DataFrame(
        {
            "accuracy": _share(line.accuracy),
            "95 % interval": f"{_share(line.interval.low)} to {_share(line.interval.high)}",
            "over": line.over,
            "seeds": ", ".join(f"{100 * value:.1f}" for value in line.of_seed),
            "balanced accuracy": _share(line.balanced_accuracy),
            "macro F1": _share(line.macro_f1),
        }
        for line in lines
    )
    table.index = pd.Index([line.variant for line in lines], name="variant")
    best = max(lines, key=lambda line: line.accuracy)
    sentences = (
        f"The highest mean accuracy is that of {best.variant}, {_share(best.accuracy)}; the next section says whether "
        "that means anything.",
        f"Always answering the commonest class would score {_share(best.commonest)}.",
        "An interval over seeds (Student's t) tells how another seed would do on these images; one over images "
        "(bootstrap) how these very networks would do on other images.",
    )
    return Section("Variants", sentences, table, "Means over seeds.", variants_figure(lines), VARIANTS)


def differences(found: Sequence[Effect], compared: Mapping[int, Sequence[Comparison]]) -> list[Section]:
    """The differences, a sentence for each."""
    if not found:
        return []
    table = pd.DataFrame(
        {
            "points": f"{100 * effect.seeds.value:+.2f}",
            "over seeds": _points(effect.seeds.interval),
            "over images": _points(effect.images.interval),
            "p": f"{effect.p_value:.3g}",
            "p after Holm": f"{effect.adjusted_p:.3g}",
        }
        for effect in found
    )
    table.index = pd.Index([f"{effect.a} minus {effect.b}" for effect in found], name="difference")
    told = [effect.sentence for effect in found]
    told.append(
        f'Holm\'s correction is over the {len(found)} statements of this section. "Better" is said only when the '
        "intervals over seeds and over images both exclude zero and the corrected p-value is below 0.05. No evidence "
        "of a difference is no evidence of equality: the interval says how large a difference may still be."
    )
    every = [pair for of_seed in compared.values() for pair in of_seed]
    different = sum(pair.better is not None for pair in every)
    told.append(
        f"Network against network, {different} of the {len(every)} pairs of the same seed differ by McNemar's test "
        f"after Holm's correction ({PAIRS}); that is a statement about these networks, not about the variants."
    )
    drawn = effects_figure(found)
    return [Section("Differences", tuple(told), table, "Differences of accuracy.", drawn, EFFECTS)]


def curves(histories: Sequence[pd.DataFrame], *, alike: bool) -> Section:
    """Accuracy by epoch, from one table per run with its ``variant``; ``alike``: on the same faces for all."""
    together = pd.concat(histories).rename(columns={"validation_accuracy": "accuracy"})
    mean = together.groupby(["variant", "epoch"], sort=False)["accuracy"].mean().reset_index()
    of_variant = {str(name): rows.sort_values("epoch") for name, rows in mean.groupby("variant", sort=False)}
    rising = [name for name, curve in of_variant.items() if curve["accuracy"].idxmax() == curve.index[-1]]
    sentences = ["Validation accuracy by epoch, averaged over the runs of a variant."]
    if not alike:
        sentences.append("Variants that learn from other data sets are validated on other faces here.")
    if rising:
        sentences.append(
            f"Highest in the last epoch, so that longer training may change the order: {'; '.join(rising)}."
        )
    return Section("Learning curves", tuple(sentences), figure=curves_figure(of_variant))


def runs(table: pd.DataFrame) -> Section:
    """A row per run and split."""
    shown = table[["variant", "seed", "fold", "split", "n", "accuracy", "macro_f1", "nll", "seconds", "epochs"]].copy()
    if shown["fold"].isna().all():
        shown = shown.drop(columns="fold")
    shown[["accuracy", "macro_f1"]] = shown[["accuracy", "macro_f1"]].map(_share)
    shown["nll"] = shown["nll"].map("{:.3f}".format)
    name = f"{TABLE}.csv"
    sentence = f"One row per run and split; {name} and {TABLE}.parquet have all columns."
    return Section("Runs", (sentence,), shown.set_index("variant"), "Runs.", file=name)


def causes(found: Sequence[Worth]) -> list[Section]:
    """What each level brings on each measure, and the scores it starts from and leads to."""
    if not found:
        return []
    told = [*_certain(found), *_method(found), _AGAINST_FIRST]
    told += [_ABOUT[name] for name in dict.fromkeys(one.measure for one in found) if name in _ABOUT]
    return [Section(CAUSES, tuple(told), _crossed(found, "cause"), "Points.", file=WORTHS)]


def of_variants(study: Study, scores: Sequence[Worth], found: Sequence[Worth]) -> list[Section]:
    """What each variant scores on each measure, and how it differs from the reference."""
    if not scores:
        return []
    parts = [Section("Variants", (), _crossed(scores, "variant"), "Shares of the images.", file=VARIANTS)]
    if found:
        told, caption = _certain(found), f"Points against {study.variants[0].name}."
        parts.append(Section("Differences", tuple(told), _crossed(found, "variant"), caption, file=EFFECTS))
    return parts


def _certain(found: Sequence[Worth]) -> list[str]:
    """A sentence per difference, and how sure it is."""
    differences = [one for one in found if one.contrast.is_difference]
    if not differences:
        return []
    if not differences[0].freedom:
        return ["One seed: another training may say otherwise, and by how much is not known."]
    on: dict[str, list[str]] = {}
    for one in differences:
        told = on.setdefault(one.contrast.name, [])
        told += [f"{one.measure} {100 * one.value:+.1f}"] if one.is_certain else []
    return [
        *(f"{name}: {'; '.join(told)}." if told else f"{name}: no evidence." for name, told in on.items()),
        "Points are told where the 95 % intervals over images and over trainings both exclude zero and the p-value is "
        f"below 0.05 after Holm's correction for all {len(differences)} differences. No evidence of a difference is no "
        "evidence of equality: the intervals in the table say how large it may still be.",
    ]


def _method(found: Sequence[Worth]) -> list[str]:
    """What the intervals are."""
    told = ["The interval over images is a paired bootstrap of the scores averaged over seeds."]
    if found[0].freedom:
        told.append(
            f"The interval over trainings (Student's t, {found[0].freedom} degrees of freedom) pools the spread of all "
            f"variants over their seeds, taken as equally large: {len(found[0].of_seed)} seeds of one difference say "
            "little about its spread."
        )
    return told


def measured_runs(table: pd.DataFrame, names: Mapping[str, str]) -> Section:
    """A row per run, its accuracy on each measure: ``names`` has what a measure is called among the table's splits."""
    rows = table.pivot(index=["variant", "seed"], columns="split", values="accuracy")
    shown = pd.DataFrame({name: rows[split].map(_share) for name, split in names.items()}, index=rows.index)
    about = table.drop_duplicates(["variant", "seed"]).set_index(["variant", "seed"])[["seconds", "epochs"]]
    shown = shown.join(about).reindex(about.index).reset_index("seed")
    sentence = f"Accuracy; {TABLE}.csv and {TABLE}.parquet have a row per run and measurement, with all scores."
    return Section("Runs", (sentence,), shown, "Runs.", file=f"{TABLE}.csv")


def _crossed(found: Sequence[Worth], what: str) -> pd.DataFrame:
    """Contrasts down, measures across."""
    rows: dict[str, dict[str, str]] = {}
    for one in found:
        rows.setdefault(one.contrast.name, {})[one.measure] = _told_worth(one)
    table = pd.DataFrame(rows.values())
    table.index = pd.Index(list(rows), name=what)
    return table


def _told_worth(one: Worth) -> str:
    form = "+.1f" if one.contrast.is_difference else ".1f"

    def ends(low: float, high: float) -> str:
        return f"{100 * low:{form}} to {100 * high:{form}}"

    parts = [f"images {ends(*one.images)}"]
    parts += [f"trainings {ends(*one.trainings)}"] if one.trainings else []
    if len(one.of_seed) > 1:
        parts.append(f"seeds {', '.join(f'{100 * value:{form}}' for value in one.of_seed)}")
    return f"{100 * one.value:{form}}{'' if one.contrast.is_difference else ' %'} ({'; '.join(parts)})"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:+.2f} to {100 * interval[1]:+.2f}"
