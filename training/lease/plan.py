"""What is to be trained in a lease: waves of trainings that share the card, in order of worth."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from fer_explain.errors import FerError
from fer_explain.models import architecture
from training.config import TrainConfig, resolve

PLANS: Final = Path(__file__).parent / "plans"


@dataclass(frozen=True, slots=True)
class Training:
    """One network of a plan.

    Attributes:
        name: of the training and its folder.
        model: the architecture.
        recipe: of ``training/recipes``.
        pretrained: file name of the backbone weights it starts from; empty: from scratch.
        start: training of an earlier wave whose weights it goes on from; it must keep them.
        data: ``all`` sources or only the ``first``.
        teachers: trainings of earlier waves whose mean answers it learns from.
        options: what differs from the recipe.
        least_epochs: it is left out where it would get fewer.
        test: whether the first source's test split is measured when it is done; a network whose weights are kept is
            measured later, once, by ``training.evaluate``.
        answers: keep what it says of each training image.
        weights: keep its weights, in half precision.
    """

    name: str
    model: str
    recipe: str = "modern"
    pretrained: str = ""
    start: str = ""
    data: str = "all"
    teachers: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    least_epochs: float = 0.0
    test: bool = False
    answers: bool = False
    weights: bool = False

    @property
    def config(self) -> TrainConfig:
        """The resolved options."""
        return resolve(self.recipe, dict(self.options))


@dataclass(frozen=True, slots=True)
class Wave:
    """Trainings that run side by side, and the share of the lease they get together."""

    name: str
    seconds: float
    trainings: tuple[Training, ...]


def read_plan(path: Path) -> tuple[Wave, ...]:
    """The waves of a plan file.

    Raises:
        FerError: no such file, or an entry that no training can follow; the sentence names it.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FerError(f"--plan {path}: there is no such file; plans here: {', '.join(list_plans())}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FerError(f"--plan {path}: not valid TOML ({error}).") from error
    waves = tuple(_wave(path, name, entry) for name, entry in entries.items() if isinstance(entry, dict))
    _check_order(path, waves)
    return waves


def list_plans() -> list[str]:
    """Names of the plans that lie here."""
    return sorted(plan.stem for plan in PLANS.glob("*.toml"))


def scaled(waves: tuple[Wave, ...], seconds: float) -> tuple[Wave, ...]:
    """The plan with its waves' times stretched or shrunk so that together they take ``seconds``."""
    total = sum(wave.seconds for wave in waves)
    return tuple(replace(wave, seconds=wave.seconds * seconds / total) for wave in waves)


def cut(waves: tuple[Wave, ...], rates: Mapping[str, float], images: int) -> tuple[tuple[Wave, ...], list[str]]:
    """The plan without what would get too few epochs, and a sentence for each training left out.

    Args:
        waves: in order of worth; within a wave the first training is worth most.
        rates: images per second of each training when it has the card alone; one without a rate stays.
        images: of an epoch.
    """
    kept, told = [], []
    for wave in waves:
        trainings = list(wave.trainings)
        while trainings:
            short = [
                each for each in trainings if _epochs(each, wave, len(trainings), rates, images) < each.least_epochs
            ]
            if not short:
                break
            left_out = short[-1]
            trainings.remove(left_out)
            told.append(
                f"{left_out.name}: left out, it would get "
                f"{_epochs(left_out, wave, len(trainings) + 1, rates, images):.1f} of {left_out.least_epochs:g} epochs"
            )
        if trainings:
            kept.append(replace(wave, trainings=tuple(trainings)))
    return tuple(kept), told


def _epochs(training: Training, wave: Wave, together: int, rates: Mapping[str, float], images: int) -> float:
    rate = rates.get(training.name, float("inf"))
    return rate * wave.seconds / together / images


def _wave(path: Path, name: str, entry: dict[str, Any]) -> Wave:
    try:
        trainings = tuple(
            Training(key, **{**value, "teachers": tuple(value.get("teachers", ()))})
            for key, value in entry.items()
            if isinstance(value, dict)
        )
        wave = Wave(name, float(entry["seconds"]), trainings)
    except (TypeError, KeyError, ValueError) as error:
        raise FerError(f"--plan {path}: wave '{name}' is not understood ({error}).") from error
    for training in wave.trainings:
        architecture(training.model)
        training.config  # noqa: B018  # raises where an option is wrong
    return wave


def _check_order(path: Path, waves: tuple[Wave, ...]) -> None:
    teachers: set[str] = set()
    weights: set[str] = {""}
    for wave in waves:
        for training in wave.trainings:
            unknown = set(training.teachers) - teachers
            if unknown:
                raise FerError(f"--plan {path}: '{training.name}' learns from '{min(unknown)}', of no earlier wave.")
            if training.start not in weights:
                raise FerError(f"--plan {path}: '{training.name}' starts from '{training.start}', of no earlier wave.")
        teachers |= {training.name for training in wave.trainings if training.answers}
        weights |= {training.name for training in wave.trainings if training.weights}
