"""What a study consists of: the variants it compares, and the runs they take."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any, Final

from fer_explain.models import architecture
from training.config import TrainConfig

Options = dict[str, Any]

SOURCES: Final = "sources"
CONFIG: Final = frozenset(entry.name for entry in fields(TrainConfig))


@dataclass(frozen=True, slots=True)
class Variant:
    """One cell of the grid.

    Attributes:
        name: its levels, one per factor.
        levels: factor -> level.
        options: of ``training.run``, ``model`` and ``recipe`` among them.
    """

    name: str
    levels: dict[str, str]
    options: Options

    @property
    def model(self) -> str:
        """The network's name."""
        return str(self.options["model"])

    @property
    def recipe(self) -> str:
        """The recipe's name; the network's own where the study names none."""
        return str(self.options.get("recipe") or architecture(self.model).recipe)


@dataclass(frozen=True, slots=True)
class Run:
    """One training: a variant with a seed and, in a cross-validation, the fold it is validated on."""

    variant: Variant
    seed: int
    fold: int | None = None

    @property
    def name(self) -> str:
        """Also the name of its folder."""
        fold = "" if self.fold is None else f"-fold{self.fold}"
        return f"{slug(self.variant.name)}-seed{self.seed}{fold}"

    @property
    def sources(self) -> int | None:
        """How many of the study's data sets, from the first on, it learns from; None = all of them."""
        return self.variant.options.get(SOURCES)

    @property
    def flags(self) -> list[str]:
        """What tells ``training.run`` from its defaults, but for data and output."""
        options = self.variant.options | {"seed": self.seed}
        flags = [flag for name, value in options.items() if name != SOURCES for flag in _flags(name, value)]
        return flags if self.fold is None else [*flags, "--fold", str(self.fold)]


@dataclass(frozen=True, slots=True)
class Study:
    """A study, read and checked.

    Attributes:
        name: of its file.
        description: the question it asks.
        factors: factor -> its levels' names, the reference first.
        variants: every cell of the grid; the first is the reference.
        seeds: of every variant.
        folds: parts of the cross-validation; 0 = the data's own validation split.
        limit: use only the first images of each split; 0 = all.
        measures: what each run is measured on; () = its own validation split. See :mod:`training.study.measures`.
    """

    name: str
    description: str
    factors: dict[str, tuple[str, ...]]
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    folds: int = 0
    limit: int = 0
    measures: tuple[str, ...] = ()

    @property
    def runs(self) -> list[Run]:
        """All runs; the variants of a seed come together, so that an unfinished study already compares them."""
        folds: Sequence[int | None] = range(self.folds) if self.folds else [None]
        return [Run(variant, seed, fold) for seed, fold, variant in product(self.seeds, folds, self.variants)]


def slug(name: str) -> str:
    """A name as part of a file's name."""
    return re.sub(r"[^\w.]+", "_", name).strip("_")


def _flags(name: str, value: Any) -> list[str]:
    """An option as ``training.run`` takes it on the command line."""
    flag = "--" + name.replace("_", "-")
    if name == "model_args":
        return [text for key, one in value.items() for text in ("--model-arg", f"{key}={json.dumps(one)}")]
    if isinstance(value, bool):
        if name in CONFIG:
            return [flag if value else f"--no-{name.replace('_', '-')}"]
        return [flag] if value else []
    if isinstance(value, list):
        return [text for one in value for text in (flag, str(one))]
    return [flag, str(value)]
