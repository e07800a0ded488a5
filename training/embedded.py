"""The set of embedded checkpoints: how each was made, one command that makes them again, and README's table of them.

    python -m training.embedded --data PATH_OR_HUB_ID --weights FOLDER --output rebuilt
    python -m training.embedded --data PATH_OR_HUB_ID --weights FOLDER --output rebuilt --only vgg_compact
    python -m training.embedded --table

``embedded.toml`` beside this file has an entry for each. Every step is a command of its own (training, the test split,
the statistics the page shows) and is left out when its result is there, so what was interrupted goes on when the
command is given again. ``--weights`` is the folder of the backbone weights that some entries start from.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from fer_explain.benchmark.disturbed import Row
from fer_explain.benchmark.further import UNLEAKED, Further, read_further
from fer_explain.benchmark.metrics import headline, read_splits
from fer_explain.errors import FerError
from fer_explain.hub.card import mean_of
from fer_explain.hub.config import read_config
from fer_explain.hub.disturbed import read_disturbed
from fer_explain.hub.folder import CONFIG, DISTURBED, EMBEDDED, METRICS, PROFILE, REGION_PROFILE
from fer_explain.hub.predictions import read_metrics_file
from training.compress import is_compressed
from training.config import TrainConfig, resolve
from training.manners import command
from training.state import FILE
from training.views import ONE

PLAN: Final = Path(__file__).with_suffix(".toml")
_COLUMNS: Final = (
    "checkpoint",
    "learned",
    "parameters",
    "input",
    "test accuracy",
    "n",
    "validation",
    "without duplicates",
    "accuracy, worst disturbance",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """How one embedded checkpoint is made.

    Attributes:
        name: of the checkpoint and its folder.
        model: the architecture.
        recipe: of ``training/recipes``.
        pretrained: file name of the backbone weights it starts from; empty for none.
        teachers: names of entries it learns from.
        options: what differs from the recipe, by names of :class:`training.config.TrainConfig`.
        starts: names of the entries whose weights it goes on from the mean of.
        interpolated: whether it goes back towards what it started from, see :mod:`training.interpolate`.
        stored: how its weights are stored, "float16" or "int8".
        embedded: whether it lies here; one that does not is made only because others learn from it.
        lease: the training of ``training/lease/plans/full_size.toml`` that it comes from, which also has its teachers;
            empty for what ``training.run`` makes.
    """

    name: str
    model: str
    recipe: str
    pretrained: str = ""
    teachers: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    starts: tuple[str, ...] = ()
    interpolated: bool = False
    stored: str = "float16"
    embedded: bool = True
    lease: str = ""

    @property
    def config(self) -> TrainConfig:
        """The resolved options."""
        return resolve(self.recipe, dict(self.options))


@cache
def plan() -> dict[str, Entry]:
    """The entries by name, in the order they are made."""
    return {name: _entry(name, entry) for name, entry in tomllib.loads(PLAN.read_text("utf-8")).items()}


def _entry(name: str, entry: dict[str, Any]) -> Entry:
    frozen = entry | {key: tuple(entry.get(key, ())) for key in ("starts", "teachers")}
    if "lease" not in entry:
        return Entry(name, **frozen)
    from training.lease.plan import PLANS, read_plan

    waves = read_plan(PLANS / "full_size.toml")
    [training] = [each for wave in waves for each in wave.trainings if each.name == entry["lease"]]
    frozen |= {"model": training.model, "recipe": training.recipe, "options": training.options}
    return Entry(name, **frozen)


def with_what_they_need(names: Iterable[str]) -> list[str]:
    """Entries with those that they start or learn from and that do not lie here, in the order they are made."""
    wanted, entries = set(), list(names)
    while entries:
        entry = plan()[entries.pop()]
        wanted.add(entry.name)
        entries += [name for name in (*entry.starts, *entry.teachers) if not plan()[name].embedded]
    return [name for name in plan() if name in wanted]


def steps(entry: Entry, data: str, weights: Path | None, output: Path) -> Iterator[list[str]]:
    """The commands that are still missing, as modules with their arguments; asked for one at a time.

    Args:
        entry: what to make.
        data: the data set.
        weights: folder of the backbone weights.
        output: folder of all checkpoints; a teacher that is not in it is taken from the embedded ones.

    Raises:
        FerError: the backbone weights are missing.
    """
    folder = output / entry.name
    about = ["--checkpoint", str(folder), "--data", data]
    if entry.lease and not (folder / METRICS).exists():
        raise FerError(
            f"{entry.name}: it was trained on a GPU. Run python -m training.lease and unpack '{entry.lease}' into "
            f"{folder}; then training.compress and training.calibrate, and this command again."
        )
    if not entry.lease and ((folder / FILE).exists() or not (folder / METRICS).exists()):
        yield ["training.run", *_run_arguments(entry, data, weights, output)]
    if entry.interpolated and "interpolation" not in read_config(folder).provenance:
        yield ["training.interpolate", *about, "--start", _made_or_embedded(entry.starts[0], output)]
    if entry.stored == "int8" and not is_compressed(folder):
        yield ["training.compress", *about]
    if entry.embedded:
        yield from _measurements(folder, about)


def _measurements(folder: Path, about: list[str]) -> Iterator[list[str]]:
    """Of a finished checkpoint, those that are missing; ``about`` says which one it is."""
    if "validation" not in read_splits(read_metrics_file(folder)):
        yield ["training.evaluate", *about, "--split", "validation"]
    if "test" not in read_splits(read_metrics_file(folder)):
        yield ["training.evaluate", *about, "--split", "test"]
    if not (folder / DISTURBED).exists():
        yield ["training.evaluate", *about, "--disturbed", "--faces", "1000"]
    if not (folder / PROFILE).exists():
        yield ["fer_explain.explain.profile", *about]
    if not (folder / REGION_PROFILE).exists():
        yield ["fer_explain.explain.region_profile", *about]


def _run_arguments(entry: Entry, data: str, weights: Path | None, output: Path) -> list[str]:
    folder = output / entry.name
    arguments = ["--model", entry.model, "--recipe", entry.recipe, "--data", data, "--output", str(folder)]
    for name, value in entry.options.items():
        flag = name.replace("_", "-")
        arguments += [f"--{'' if value else 'no-'}{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    for flag, names in (("--start", entry.starts), ("--teacher", entry.teachers)):
        for name in names:
            arguments += [flag, _made_or_embedded(name, output)]
    if entry.pretrained:
        if weights is None or not (weights / entry.pretrained).is_file():
            raise FerError(f"{entry.name} starts from {entry.pretrained}; name the folder that holds it by --weights.")
        arguments += ["--pretrained", str(weights / entry.pretrained)]
    return arguments + (["--resume"] if (folder / FILE).exists() else [])


def _made_or_embedded(name: str, output: Path) -> str:
    return str(output / name) if (output / name / CONFIG).exists() else name


def table(folder: Path = EMBEDDED) -> str:
    """The checkpoints of a folder, best on test first, as a Markdown table made of nothing but their own files."""
    scores = {name: _on_test(folder / name) for name, entry in plan().items() if entry.embedded}
    made = sorted((name for name, score in scores.items() if score is not None), key=lambda name: -(scores[name] or 0))
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(_row(plan()[name], folder / name) for name in made)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _on_test(folder: Path) -> float | None:
    """Its accuracy; None for what is not there or not finished."""
    found = headline(read_metrics_file(folder)) if (folder / METRICS).is_file() else None
    return None if found is None else found.accuracy


def _row(entry: Entry, folder: Path) -> tuple[str, ...]:
    from fer_explain.models.catalogue import measure, quantity  # imports torch

    config, metrics = read_config(folder), read_metrics_file(folder)
    test, validation = headline(metrics, "test"), headline(metrics, "validation")
    if test is None or validation is None:
        raise FerError(f"{folder} was not measured on validation and test.")
    clean = read_further(metrics).get(Further.key("", "test", ONE, UNLEAKED))
    disturbed = read_disturbed(folder)
    return (
        f"`{entry.name}`",
        _learned(entry, config.provenance),
        quantity(measure(entry.model).parameters),
        f"{config.input.size} px",
        f"**{100 * test.accuracy:.1f} %** ({100 * test.low:.1f} to {100 * test.high:.1f})",
        f"{test.n:,}",
        f"{100 * validation.accuracy:.1f} %",
        "-" if clean is None else f"{100 * clean.scores.accuracy:.1f} % (n = {clean.scores.n:,})",
        "-" if disturbed is None else _worst(disturbed.worst),
    )


def _worst(row: Row) -> str:
    return f"{100 * row.accuracy.value:.1f} % ({row.disturbance.replace('_', ' ')}, {row.amount:g})"


def _learned(entry: Entry, provenance: Mapping[str, Any]) -> str:
    """From what, by which recipe, how long."""
    # A lease's plan names what its trainings start from and learn from, and the checkpoint keeps it.
    starts, teachers = ([one["name"] for one in provenance.get(key, ())] for key in ("starts", "teachers"))
    share = provenance.get("interpolation", {}).get("share")
    start = f"from `{entry.pretrained.removesuffix('.safetensors')}`" if entry.pretrained else "from scratch"
    if starts:
        start = f"from {mean_of(starts)}"
    taught = f", taught by {' and '.join(f'`{name}`' for name in teachers)}" if teachers else ""
    epochs = f"epoch {provenance['epochs']} of {provenance['of']}"
    mixed = f", {100 * share:.0f} % of the new weights" if share else ""
    return f"{start}{taught}; recipe `{entry.recipe}`, seed {entry.config.seed}, {epochs}{mixed}"


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.embedded", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", metavar="PATH_OR_HUB_ID", help="FER2013")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="where the backbone weights lie")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the checkpoints that are made")
    parser.add_argument("--only", nargs="+", choices=list(plan()), metavar="NAME", help=", ".join(plan()))
    parser.add_argument("--table", action="store_true", help="print the embedded checkpoints' table, then exit")
    options = parser.parse_args(arguments)
    if options.table:
        print(table())
        return
    if not options.data or not options.output:
        parser.error("the following arguments are required: --data, --output")
    for name in with_what_they_need(options.only or plan()):
        for step in steps(plan()[name], options.data, options.weights, options.output):
            print(f"== {name}: python -m {' '.join(step)}", flush=True)
            if subprocess.run([sys.executable, "-m", *step], check=False).returncode:
                raise FerError(
                    f"{name}: python -m {step[0]} failed; what is finished is kept, so give the command again."
                )
    print(table(options.output))


if __name__ == "__main__":
    main()
