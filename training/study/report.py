"""The report of a study: one HTML file that opens without a network, the same as Markdown, and the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from fer_explain.benchmark.comparison import Comparison
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import HISTORY
from fer_explain.hub.predictions import Split
from training.audit.report import HTML, MARKDOWN, as_html, as_markdown
from training.audit.sections import Section
from training.study.effects import Effect, effects, pairs
from training.study.figures import curves_figure, effects_figure, variants_figure
from training.study.plan import Study
from training.study.summary import Line, as_table, summarise
from training.study.table import finished, folder_of, replicates, tidy_table

TABLE: Final = "table"  # .parquet and .csv
VARIANTS: Final = "variants.csv"
EFFECTS: Final = "differences.csv"
PAIRS: Final = "pairs.csv"


def write_report(study: Study, output: Path, split: Split, failed: Mapping[str, str]) -> list[Section]:
    """Writes the tables, ``report.html`` and ``README.md`` on what is finished, and returns the report's sections.

    Args:
        study: what was planned.
        output: the study's folder.
        split: whose predictions the statements are about.
        failed: runs that failed, and the sentence each did so with.

    Raises:
        FerError: the folder cannot be written, or the runs do not belong together.
    """
    table, found = tidy_table(study, output), replicates(study, output, split)
    lines, differences, compared = summarise(found), effects(study, found), pairs(found)
    write_atomically(output / f"{TABLE}.parquet", lambda path: table.to_parquet(path, index=False))
    numbers = {
        f"{TABLE}.csv": table,
        VARIANTS: as_table(lines),
        EFFECTS: _effects(differences),
        PAIRS: _pairs(compared),
    }
    for name, one in numbers.items():
        _write_csv(output / name, one)
    parts = [_runs(study, output, split, lines, failed)]
    if lines:
        parts += [_variants(lines), *_differences(differences, compared), _curves(study, output), _table(table)]
    write_text(output / HTML, as_html(parts, f"Study {study.name}"))
    write_text(output / MARKDOWN, as_markdown(parts, f"Study {study.name}"))
    return parts


def _runs(study: Study, output: Path, split: Split, lines: Sequence[Line], failed: Mapping[str, str]) -> Section:
    done, planned = finished(study, output), study.runs
    folds = f", {study.folds} folds" if study.folds else ""
    sentences = [
        study.description,
        f"{len(done)} of {len(planned)} runs are finished: {len(study.variants)} variants, {len(study.seeds)} "
        f"{'seeds' if len(study.seeds) > 1 else 'seed'}{folds}.",
    ]
    sentences += [f"Run {name} failed: {reason}" for name, reason in failed.items()]
    if lines:
        judged = ", ".join(sorted({f"{line.n:,}" for line in lines}))
        where = "each fold of the training split in turn, pooled" if study.folds else f"the {split} split"
        sentences.append(f"Judged on {where}: n = {judged} images.")
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


def _variants(lines: Sequence[Line]) -> Section:
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


def _differences(found: Sequence[Effect], compared: Mapping[int, Sequence[Comparison]]) -> list[Section]:
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


def _curves(study: Study, output: Path) -> Section:
    histories = [
        pd.read_csv(folder_of(output, run) / HISTORY).assign(variant=run.variant.name)
        for run in finished(study, output)
    ]
    together = pd.concat(histories).rename(columns={"validation_accuracy": "accuracy"})
    mean = together.groupby(["variant", "epoch"], sort=False)["accuracy"].mean().reset_index()
    curves = {str(name): rows.sort_values("epoch") for name, rows in mean.groupby("variant", sort=False)}
    rising = [name for name, curve in curves.items() if curve["accuracy"].idxmax() == curve.index[-1]]
    sentences = ["Validation accuracy by epoch, averaged over the runs of a variant."]
    if rising:
        sentences.append(
            f"Highest in the last epoch, so that longer training may change the order: {'; '.join(rising)}."
        )
    return Section("Learning curves", tuple(sentences), figure=curves_figure(curves))


def _table(table: pd.DataFrame) -> Section:
    shown = table[["variant", "seed", "fold", "split", "n", "accuracy", "macro_f1", "nll", "seconds", "epochs"]].copy()
    if shown["fold"].isna().all():
        shown = shown.drop(columns="fold")
    shown[["accuracy", "macro_f1"]] = shown[["accuracy", "macro_f1"]].map(_share)
    shown["nll"] = shown["nll"].map("{:.3f}".format)
    name = f"{TABLE}.csv"
    sentence = f"One row per run and split; {name} and {TABLE}.parquet have all columns."
    return Section("Runs", (sentence,), shown.set_index("variant"), "Runs.", file=name)


def _effects(found: Sequence[Effect]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "a": effect.a,
            "b": effect.b,
            "difference": effect.seeds.value,
            "seeds": effect.seeds.n,
            "seeds_low": None if effect.seeds.interval is None else effect.seeds.interval.low,
            "seeds_high": None if effect.seeds.interval is None else effect.seeds.interval.high,
            "n": effect.n,
            "images_low": effect.images.interval.low,
            "images_high": effect.images.interval.high,
            "p": effect.p_value,
            "adjusted_p": effect.adjusted_p,
            "better": effect.better,
            "sentence": effect.sentence,
        }
        for effect in found
    )


def _pairs(compared: Mapping[int, Sequence[Comparison]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "seed": seed,
            "a": pair.a,
            "b": pair.b,
            "n": pair.n,
            "difference": pair.difference.value,
            "low": pair.difference.interval.low,
            "high": pair.difference.interval.high,
            "only_a_right": pair.test.only_a,
            "only_b_right": pair.test.only_b,
            "p": pair.test.p_value,
            "adjusted_p": pair.adjusted_p,
        }
        for seed, of_seed in compared.items()
        for pair in of_seed
    )


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    write_atomically(path, lambda temporary: table.to_csv(temporary, index=False, float_format="%.6g"))


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:+.2f} to {100 * interval[1]:+.2f}"
