"""A study as a small TOML file.

::

    description = "Do dropout and batch normalisation earn their place?"
    model = "sequential_cnn"
    recipe = "sequential_cnn"           # optional; the network's own where there is none
    seeds = 3
    folds = 0                           # optional; 5 = cross-validation of the training split in five parts
    measures = ["sources", "ferplus"]   # optional; what every run is measured on, the own validation split if left out

    [options]                           # optional; of training.run, for every run
    epochs = 20

    [factors.dropout]                   # a factor has two or more levels, the first of which is the reference
    "dropout" = {}                      # a level is the options of training.run it changes
    "no dropout" = { model_args = { dropout = 0.0 } }

Several factors make a grid: every level of one with every level of the others.

Beside the options of training.run, a level may have ``sources = 1``: learn from the first one of --data only. Variants
that learn from different data have different validation splits of their own, so they are compared on ``measures``,
where all see the same faces:

- ``sources``: the validation split of each data set of --data, under the name of its folder;
- ``ferplus``: that of the first data set, with the class that most of FER+'s voters named;
- ``disturbed``: 1,000 seeded faces of it under the suite of disturbances. Counted are right and unchanged answers, each
  the mean over all disturbances at their strongest.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Final

from fer_explain.errors import FerError
from training.config import resolve
from training.study.measures import KINDS
from training.study.plan import CONFIG, SOURCES, Options, Study, Variant

STUDIES: Final = Path(__file__).parents[1] / "studies"

# Beside the recipe's options.
_OF_A_RUN: Final = ("model", "recipe", SOURCES, "balanced", "drop_leaks", "pretrained", "teacher")
_ENTRIES: Final = ("description", "model", "recipe", "seeds", "folds", "limit", "measures", "options", "factors")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line changes in a study; None leaves what its file says."""

    seeds: int | None = None
    folds: int | None = None
    limit: int | None = None
    options: Options = field(default_factory=dict)


def list_studies() -> list[str]:
    """Names of the study files."""
    return sorted(path.stem for path in STUDIES.glob("*.toml"))


def read_study(name: str, overrides: Overrides | None = None) -> Study:
    """Reads a study by name or by path to a TOML file, and checks every option of every variant.

    Raises:
        FerError: there is no such study, or it asks for something there is not; the sentence says what.
    """
    changed = overrides or Overrides()
    path = Path(name) if name.endswith(".toml") else STUDIES / f"{name}.toml"
    entries = _read(path, name)
    shared = {key: entries[key] for key in ("model", "recipe") if key in entries} | entries.get("options", {})
    _check_args(shared, path)
    factors = _factors(entries, path)
    varied = {key for levels in factors.values() for options in levels.values() for key in options}
    for key in changed.options.keys() & varied:
        raise FerError(f"--{key}: study {path.stem} varies it; change {path} instead.")
    variants = _variants(factors, shared | changed.options)
    study = Study(
        name=path.stem,
        description=str(entries.get("description", "")),
        factors={factor: tuple(levels) for factor, levels in factors.items()},
        variants=variants,
        seeds=tuple(range(_count("seeds", changed.seeds, entries.get("seeds", 3), 1, path))),
        folds=_count("folds", changed.folds, entries.get("folds", 0), 0, path),
        limit=_count("limit", changed.limit, entries.get("limit", 0), 0, path),
        measures=_measures(entries.get("measures", []), path),
    )
    _check(study, path)
    return study


def _read(path: Path, name: str) -> Options:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FerError(f"There is no study '{name}'; choose {', '.join(list_studies())}, or a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FerError(f"{path}: not valid TOML ({error}).") from error
    unknown = sorted(entries.keys() - set(_ENTRIES))
    if unknown:
        raise FerError(f"{path}: there is no entry '{unknown[0]}' in a study; it has {', '.join(_ENTRIES)}.")
    for key in ("options", "factors"):
        if not isinstance(entries.get(key, {}), dict):
            raise FerError(f"{path}: {key} must be a table, got {entries[key]!r}.")
    return entries


def _factors(entries: Mapping[str, Any], path: Path) -> dict[str, dict[str, Options]]:
    factors: dict[str, dict[str, Options]] = entries.get("factors", {})
    if not factors:
        raise FerError(f"{path}: a study needs at least one factor with two levels.")
    for factor, levels in factors.items():
        if not isinstance(levels, dict) or len(levels) < 2:
            raise FerError(f"{path}: factor '{factor}' needs at least two levels.")
        if not all(isinstance(options, dict) for options in levels.values()):
            raise FerError(f"{path}: a level of factor '{factor}' is a table of options, such as {{ epochs = 5 }}.")
        for options in levels.values():
            _check_args(options, path)
    return factors


def _check_args(options: Options, path: Path) -> None:
    if not isinstance(options.get("model_args", {}), dict):
        raise FerError(f"{path}: model_args must be a table, such as {{ dropout = 0.0 }}.")


def _variants(factors: Mapping[str, Mapping[str, Options]], shared: Options) -> tuple[Variant, ...]:
    variants = []
    for cell in product(*(levels.items() for levels in factors.values())):
        options = dict(shared)
        for _, changes in cell:
            args = options.get("model_args", {}) | changes.get("model_args", {})
            options |= changes | ({"model_args": args} if args else {})
        levels = dict(zip(factors, (level for level, _ in cell), strict=True))
        variants.append(Variant(" + ".join(levels.values()), levels, options))
    return tuple(variants)


def _count(name: str, given: int | None, written: Any, low: int, path: Path) -> int:
    value = written if given is None else given
    where = f"{path}: {name}" if given is None else f"--{name}"
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise FerError(f"{where} must be a whole number from {low} on, got {value!r}.")
    return value


def _measures(written: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(written, list) or any(written.count(one) > 1 or one not in KINDS for one in written):
        raise FerError(f"{path}: measures must be a list of {', '.join(KINDS)}, each at most once; got {written!r}.")
    return tuple(written)


def _check(study: Study, path: Path) -> None:
    if study.folds == 1:
        raise FerError(f"{path}: folds must be 0, or at least 2; got 1.")
    if study.folds and study.measures:
        raise FerError(f"{path}: a cross-validation is judged on its folds; leave out measures, or give --folds 0.")
    repeated = [name for name, count in Counter(run.name for run in study.runs).items() if count > 1]
    if repeated:
        raise FerError(f"{path}: two variants are called alike ({repeated[0]}); give their levels other names.")
    for variant in study.variants:
        try:
            _check_options(variant)
        except FerError as error:
            raise FerError(f"{path}, variant '{variant.name}': {error}") from error


def _check_options(variant: Variant) -> None:
    unknown = sorted(variant.options.keys() - CONFIG - set(_OF_A_RUN))
    if unknown or "seed" in variant.options:
        raise FerError(f"there is no option '{unknown[0] if unknown else 'seed'}' in a study.")
    if "model" not in variant.options:
        raise FerError("no model is named.")
    sources = variant.options.get(SOURCES, 1)
    if not isinstance(sources, int) or isinstance(sources, bool) or sources < 1:
        raise FerError(f"{SOURCES} must be a whole number from 1 on, got {sources!r}.")
    args = variant.options.get("model_args", {})
    given = variant.options | {"model_args": [f"{key}={json.dumps(value)}" for key, value in args.items()]}
    resolve(variant.recipe, given)
