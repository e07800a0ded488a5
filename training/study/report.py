"""The report of a study: one HTML file that opens without a network, the same as Markdown, and the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from fer_explain.benchmark.comparison import Comparison
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import HISTORY
from fer_explain.hub.predictions import Split
from training.audit.report import HTML, MARKDOWN, as_html, as_markdown
from training.audit.sections import Section
from training.study import sections
from training.study.causes import Measured, as_numbers, contrasts, variant_differences, variant_scores, worths
from training.study.effects import Effect, effects, pairs
from training.study.measures import DISTURBED, key_of_measure
from training.study.plan import Study
from training.study.scores import Scores, disturbed_scores, read_scores
from training.study.sections import EFFECTS, PAIRS, TABLE, VARIANTS, WORTHS
from training.study.summary import as_table, summarise
from training.study.table import finished, folder_of, replicates, tidy_table

Numbers = dict[str, pd.DataFrame]  # file -> what it holds


def write_report(study: Study, output: Path, split: Split, failed: Mapping[str, str]) -> list[Section]:
    """Writes the tables, ``report.html`` and ``README.md`` on what is finished, and returns the report's sections.

    Args:
        study: what was planned; its measures as :func:`training.study.measures.named` gives them.
        output: the study's folder.
        split: whose predictions the statements are about where there are no measures.
        failed: runs that failed, and the sentence each did so with.

    Raises:
        FerError: the folder cannot be written, or the runs do not belong together.
    """
    table = tidy_table(study, output)
    write_atomically(output / f"{TABLE}.parquet", lambda path: table.to_parquet(path, index=False))
    judged, parts, numbers = _measured(study, output, table) if study.measures else _plain(study, output, split, table)
    for name, one in ({f"{TABLE}.csv": table} | numbers).items():
        _write_csv(output / name, one)
    parts = [sections.ran(study, len(finished(study, output)), judged, split, failed), *parts]
    write_text(output / HTML, as_html(parts, f"Study {study.name}"))
    write_text(output / MARKDOWN, as_markdown(parts, f"Study {study.name}"))
    return parts


def _plain(study: Study, output: Path, split: Split, table: pd.DataFrame) -> tuple[str, list[Section], Numbers]:
    """What a study without measures is judged on, its sections and numbers."""
    found = replicates(study, output, split)
    lines, differences, compared = summarise(found), effects(study, found), pairs(found)
    numbers = {VARIANTS: as_table(lines), EFFECTS: _effects(differences), PAIRS: _pairs(compared)}
    if not lines:
        return "", [], numbers
    n = ", ".join(sorted({f"{line.n:,}" for line in lines}))
    where = "each fold of the training split in turn, pooled" if study.folds else f"the {split} split"
    parts = [sections.variants(lines), *sections.differences(differences, compared)]
    parts += [sections.curves(_histories(study, output), alike=True), sections.runs(table)]
    return f"Judged on {where}: n = {n} images.", parts, numbers


def _measured(study: Study, output: Path, table: pd.DataFrame) -> tuple[str, list[Section], Numbers]:
    """The same of a study with measures, all of which are told of side by side."""
    measured = _scores(study, output)
    causes = worths(contrasts(study), measured)
    scores, found = worths(variant_scores(study), measured), worths(variant_differences(study), measured)
    numbers = {WORTHS: as_numbers(causes), VARIANTS: as_numbers(scores), EFFECTS: as_numbers(found)}
    if table.empty:
        return "", [], numbers
    splits = {name: DISTURBED if name == DISTURBED else key_of_measure(name) for name in study.measures}
    alike = len({run.sources for run in study.runs}) == 1
    parts = [*sections.causes(causes), *sections.of_variants(study, scores, found)]
    parts += [sections.curves(_histories(study, output), alike=alike), sections.measured_runs(table, splits)]
    n = dict(zip(table["split"], table["n"], strict=True))
    on = ", ".join(f"{name} n = {n[split]:,}" for name, split in splits.items())
    return f"Judged on validation data, the same faces for all variants: {on}.", parts, numbers


def _scores(study: Study, output: Path) -> Measured:
    """What the finished runs scored on each face of each measure; the disturbances are two measures."""
    found: dict[str, dict[str, dict[int, Scores]]] = {}
    for name in study.measures:
        for run in finished(study, output):
            folder = folder_of(output, run)
            plain = name != DISTURBED
            of_run = {name: read_scores(folder, key_of_measure(name))} if plain else disturbed_scores(folder)
            for measure, one in of_run.items():
                found.setdefault(measure, {}).setdefault(run.variant.name, {})[run.seed] = one
    return found


def _histories(study: Study, output: Path) -> list[pd.DataFrame]:
    return [
        pd.read_csv(folder_of(output, run) / HISTORY).assign(variant=run.variant.name)
        for run in finished(study, output)
    ]


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
