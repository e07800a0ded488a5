"""What the Benchmark tab looks at: saved predictions of the chosen checkpoints, and what is asked about them.

Free of Gradio. The predictions themselves are shared by all visitors and read again only when a file changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fer_explain.analyzer import Analyzer
from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.saved import Saved, align, ensemble, ensemble_temperature
from fer_explain.benchmark.selection import Selection
from fer_explain.errors import FerError
from fer_explain.figures.benchmark import Pair
from fer_explain.hub.results import Results, results

ENSEMBLE = "ensemble"
PAGE = 24  # faces shown at once


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """Where one visitor is.

    Attributes:
        section: the open question, one of the tab's sections.
        wanted: which faces are looked at; None before a cell was clicked.
        page: which of their pages, from 0.
    """

    section: str = "confusion"
    wanted: Selection | None = None
    page: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The chosen models on the chosen split.

    Attributes:
        models: on common images; the ensemble, if wanted, is the last one.
        validation: the same models on validation, as far as all have predictions there; else empty.
        found: what lies in the folders of the models, without the ensemble.
        leaked: row ids of images with a duplicate in training; None where that is not known.
    """

    models: list[Saved]
    validation: list[Saved]
    found: list[Results]
    leaked: Integers | None

    @property
    def pairs(self) -> list[Pair]:
        """Every model with its validation predictions.

        Raises:
            FerError: some have none.
        """
        if not self.validation:
            raise FerError("Not all of these checkpoints have predictions on validation, where this is fitted.")
        return [Pair(model, validation) for model, validation in zip(self.models, self.validation, strict=True)]

    def named(self, name: str | None) -> Saved | None:
        """A model by name; None where it is not among the chosen ones."""
        return next((model for model in self.models if model.name == name), None)


def benched(analyzer: Analyzer) -> list[str]:
    """Names of the checkpoints that have saved predictions."""
    return [name for name in analyzer.models if results(name, analyzer.folder(name)).splits]


def look(analyzer: Analyzer, names: Sequence[str], split: str, *, together: bool) -> View:
    """The predictions of the named checkpoints on a split; ``together`` adds their ensemble.

    Raises:
        FerError: none is chosen, one has no predictions on that split, or they do not fit together.
    """
    if not names:
        raise FerError("Choose at least one checkpoint.")
    return _view(tuple(results(name, analyzer.folder(name)) for name in names), split, together)


@lru_cache(maxsize=16)
def _view(found: tuple[Results, ...], split: str, together: bool) -> View:
    """Kept, as everything that is worked out later is kept by the identity of these predictions."""
    models = align([entry.on(split) for entry in found])
    judged = all("validation" in entry.splits for entry in found)
    validation = align([entry.validation for entry in found]) if judged else []
    if together and len(models) > 1:
        temperature = ensemble_temperature(validation) if validation else 1.0
        models.append(ensemble(models, temperature, ENSEMBLE))
        validation = [*validation, ensemble(validation, temperature, ENSEMBLE)] if validation else []
    known = (entry.leaked for entry in found) if split == "test" else ()
    leaked = next((rows for rows in known if rows is not None), None)
    return View(models, validation, list(found), leaked)


def pages(rows: Integers) -> int:
    """How many pages the faces fill; at least one."""
    return max(1, -(-len(rows) // PAGE))
