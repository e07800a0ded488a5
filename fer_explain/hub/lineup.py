"""Checkpoints side by side: their saved predictions on the same images, what is known of those, and what each costs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fer_explain.benchmark.calibration import Integers
from fer_explain.benchmark.disturbed import Disturbed
from fer_explain.benchmark.saved import Pair, Saved, align, ensemble, ensemble_temperature
from fer_explain.errors import FerError
from fer_explain.hub.folder import CONFIG
from fer_explain.hub.results import Results

ENSEMBLE = "ensemble"


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """Models on one split.

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

    @property
    def disturbed(self) -> dict[str, Disturbed]:
        """How the models do under disturbances, of those that were measured. Raises FerError for a damaged file."""
        measured = {entry.name: entry.disturbed for entry in self.found}
        return {name: found for name, found in measured.items() if found is not None}

    @property
    def voted(self) -> list[Saved]:
        """Of models that are for photos, the predictions judged by FER+'s votes. Raises FerError for a damaged file."""
        measured = (entry.voted(self.models[0].split) for entry in self.found)
        return [saved for saved in measured if saved is not None]

    def two(self, one: str | None, other: str | None) -> tuple[Saved, Saved]:
        """Two models by name; the first two in place of those that are not among them."""
        known = {model.name: model for model in self.models}
        first, second = self.models[0], self.models[min(1, len(self.models) - 1)]
        return known.get(one or "", first), known.get(other or "", second)

    def costs(self, latencies: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """What each costs, as far as that is known; the ensemble what all do together.

        Args:
            latencies: milliseconds by model, where they were measured.
        """
        known = {}
        for entry in self.found:
            latency = latencies.get(entry.name)
            known[entry.name] = costs(entry) | ({} if latency is None else {"latency": latency})
        return known | {ENSEMBLE: _summed(list(known.values()))}


def line_up(found: Sequence[Results], split: str, *, together: bool = False) -> Lineup:
    """The predictions of checkpoints on a split; ``together`` adds their ensemble.

    The same answer as long as the files stay as they are, so that what is worked out from it can be kept, too.

    Raises:
        FerError: there is none, one has no predictions on that split, or they do not fit together.
    """
    if not found:
        raise FerError("Choose at least one checkpoint.")
    return _line_up(tuple(found), split, together)


@lru_cache(maxsize=16)
def _line_up(found: tuple[Results, ...], split: str, together: bool) -> Lineup:
    models = align([entry.on(split) for entry in found])
    judged = all("validation" in entry.splits for entry in found)
    validation = align([entry.validation for entry in found]) if judged else []
    if together and len(models) > 1:
        temperature = ensemble_temperature(validation) if validation else 1.0
        models.append(ensemble(models, temperature, ENSEMBLE))
        validation = [*validation, ensemble(validation, temperature, ENSEMBLE)] if validation else []
    known = (entry.leaked for entry in found) if split == "test" else ()
    leaked = next((rows for rows in known if rows is not None), None)
    return Lineup(models, validation, list(found), leaked)


@lru_cache(maxsize=64)
def costs(entry: Results) -> dict[str, float]:
    """What a network costs, as far as it is known: parameters and multiply-adds in millions, its file in MiB.

    A network that is not registered here, or was made with arguments of its own, is known by its file only.
    """
    from fer_explain.models.catalogue import measure  # imports torch

    known = {} if entry.file_bytes is None else {"file": entry.file_bytes / 2**20}
    try:
        config = json.loads((entry.folder / CONFIG).read_text(encoding="utf-8"))
        if config.get("model_args"):
            return known
        size = measure(config["architecture"], config["input"]["size"])
    except (OSError, ValueError, KeyError, TypeError, FerError):
        return known
    return {"parameters": size.parameters / 1e6, "madds": size.multiply_adds / 1e6} | known


def _summed(known: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What networks cost together; only costs that are known of each."""
    common = set.intersection(*(set(cost) for cost in known)) if known else set()
    return {kind: sum(cost[kind] for cost in known) for kind in sorted(common)}
