"""What every finished run of a study is measured on: validation data, the same faces for all variants.

``sources`` stands for one measurement per data set, ``ferplus`` and ``disturbed`` for one each on the first of them
(:mod:`training.study.toml_file` tells more). None touches the weights, and what was measured before is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import torch

from fer_explain.benchmark.further import Further
from fer_explain.errors import FerError
from fer_explain.hub.config import read_config
from fer_explain.hub.folder import PREDICTIONS
from fer_explain.hub.predictions import read_metrics_file
from training.data import FaceSet, ImageForm, load_split
from training.disturbed import ANSWERS, measure_disturbed, some
from training.holdout import reading_of
from training.measure import evaluate_checkpoint
from training.targets import FERPLUS, as_ferplus
from training.views import ONE

EACH: Final = "sources"
DISTURBED: Final = "disturbed"
KINDS: Final = (EACH, FERPLUS, DISTURBED)

_FACES: Final = 1000  # of the first data set, for the disturbances


def named(measures: Sequence[str], data: Sequence[str]) -> tuple[str, ...]:
    """The measures with a name for each data set in place of ``sources``.

    Raises:
        FerError: two would be called alike.
    """
    names = tuple(name for one in measures for name in (_of_source(data) if one == EACH else (one,)))
    repeated = [name for name, count in Counter(key_of_measure(name) for name in names).items() if count > 1]
    if repeated:
        raise FerError(f"--data: two measures would be called {repeated[0]}; give the folders other names.")
    return names


def key_of_measure(name: str) -> str:
    """What a measure is called in metrics.json, and its predictions."""
    return Further.key(name, "validation", ONE)


def check(measures: Sequence[str], data: Sequence[str]) -> None:
    """Looks whether the data have what is to be measured, before hours of training.

    Args:
        measures: as :func:`named` gives them.
        data: all data sets of the study.

    Raises:
        FerError: a data set has no validation split, or the first one no votes; the sentence says which.
    """
    of_source = dict(zip(_of_source(data), data, strict=True))
    wanted = [of_source.get(name, data[0]) for name in measures]
    faces = {
        source: load_split(source, "validation", ImageForm(), every_class=False) for source in dict.fromkeys(wanted)
    }
    if FERPLUS in measures:
        as_ferplus(faces[data[0]])


def is_measured(folder: Path, measures: Sequence[str]) -> bool:
    """Whether all of the measures, as :func:`named` gives them, are in a run's folder.

    Raises:
        FerError: its metrics.json is damaged.
    """
    further = read_metrics_file(folder).get("further", {}) if measures else {}
    return all(
        (folder / PREDICTIONS / ANSWERS).is_file() if name == DISTURBED else key_of_measure(name) in further
        for name in measures
    )


def measure(folder: Path, data: Sequence[str], measures: Sequence[str], limit: int = 0) -> None:
    """Measures what is not measured yet, and books it in the run's folder.

    Args:
        folder: a checkpoint.
        data: all data sets of the study, each read once at most.
        measures: as :func:`named` gives them.
        limit: use only the first images of each split; 0 = all.

    Raises:
        FerError: the data cannot be read, or the folder not be written.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = read_config(folder)
    form, reading = ImageForm(config.input.gray, config.input.size), reading_of(folder, config, own=False)
    of_source = dict(zip(_of_source(data), data, strict=True))

    @cache
    def faces_of(source: str) -> FaceSet:
        faces = load_split(source, "validation", form, every_class=False, reading=reading)
        return faces.head(limit) if limit else faces

    for name in measures:
        if is_measured(folder, [name]):
            continue
        faces = faces_of(of_source.get(name, data[0]))
        if name == DISTURBED:
            measure_disturbed(folder, some(faces, _FACES), device, print, keep_answers=True)
        else:
            evaluate_checkpoint(folder, as_ferplus(faces) if name == FERPLUS else faces, device, data=name)


def _of_source(data: Sequence[str]) -> tuple[str, ...]:
    return tuple(Path(source).name or Path(source).resolve().name for source in data)
