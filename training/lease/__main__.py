"""Turns a short time on a GPU into trained networks.

    python -m training.lease --minutes 12 --data FER2013 PRESS --backbones FOLDER --output lease

The plan (``training/lease/plans``) has waves of trainings in order of worth. First the card is timed for 40 seconds and
the plan cut to what fits; then the waves run one after the other, the trainings of a wave side by side. After each
training its wave's archive is written anew, so a lease that is killed keeps all that had ended, and the same command
goes on with the rest. Needs torch, torchvision, timm, accelerate, numpy, pandas, pyarrow, pillow, scipy, scikit-learn,
safetensors, huggingface-hub and tqdm; nothing of the app.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

_NEEDED: Final = {
    "torch": "torch",
    "torchvision": "torchvision",
    "timm": "timm",
    "accelerate": "accelerate",
    "numpy": "numpy",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "PIL": "pillow",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "safetensors": "safetensors",
    "huggingface_hub": "huggingface-hub",
    "tqdm": "tqdm",
}
_missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
if _missing:
    sys.exit(f"error: training.lease needs {', '.join(_missing)}: pip install {' '.join(_missing)}")

from fer_explain.errors import FerError  # noqa: E402
from fer_explain.hub.files import write_atomically, write_text  # noqa: E402
from training.data.faces import FaceSet, ImageForm, joined  # noqa: E402
from training.data.parquet_folder import read_parquet_folder  # noqa: E402
from training.lease.crew import Crew  # noqa: E402
from training.lease.pack import pack  # noqa: E402
from training.lease.plan import PLANS, Wave, cut, list_plans, read_plan, scaled  # noqa: E402
from training.lease.worker import DONE, ORDERS, Orders  # noqa: E402
from training.manners import command  # noqa: E402

CARD: Final = "card.json"
LOG: Final = "lease.json"
_START: Final = 12.0  # seconds until the first wave's processes are ready, and for the last archive


def read_sets(sources: Sequence[Path], side: int, limit: int = 0) -> dict[str, dict[str, FaceSet]]:
    """The splits of ``all`` sources joined, and of the ``first`` alone, with its test split.

    Args:
        sources: folders of parquet shards; a further source need not have a test split.
        side: larger images are reduced to it, and joined ones are brought to it.
        limit: only the first images of each split; 0 = all.
    """
    form = ImageForm(True, side)
    parts = {
        split: [read_parquet_folder(source, split, form) for source in sources] for split in ("train", "validation")
    }
    if limit:
        parts = {split: [faces.head(limit) for faces in sets] for split, sets in parts.items()}
    test = read_parquet_folder(sources[0], "test", form)
    first = {split: sets[0] for split, sets in parts.items()} | {"test": test.head(limit) if limit else test}
    return {"all": {split: joined(sets, form) for split, sets in parts.items()}, "first": first}


def remaining(waves: Sequence[Wave], output: Path) -> tuple[Wave, ...]:
    """The waves without the trainings that have ended."""
    left = [
        replace(wave, trainings=tuple(each for each in wave.trainings if not (output / each.name / DONE).exists()))
        for wave in waves
    ]
    return tuple(wave for wave in left if wave.trainings)


def run_lease(waves: tuple[Wave, ...], orders: Orders, output: Path, seconds: float, card: dict[str, Any]) -> None:
    """Runs what is left of a plan in ``seconds``, and leaves an archive for each wave and lease.json."""
    began = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    write_atomically(output / ORDERS, lambda path: path.write_bytes(pickle.dumps(orders, pickle.HIGHEST_PROTOCOL)))
    kept, told = cut(scaled(waves, seconds), card.get("images_per_second", {}), len(orders.sets["all"]["train"]))
    for sentence in told:
        print(sentence, flush=True)
    whole = {wave.name: wave for wave in waves}

    def ended(wave: Wave) -> None:
        pack(output, whole[wave.name])
        seconds_so_far = round(time.monotonic() - began, 1)
        log = {"card": card, "left_out": told, "seconds": seconds_so_far, "done": _done(waves, output)}
        write_text(output / LOG, json.dumps(log, indent=2) + "\n")

    for wave in waves:  # an earlier start may have been killed before it wrote an archive
        if _done([wave], output):
            pack(output, wave)
    try:
        Crew(output).run(remaining(kept, output), ended, began + seconds)
    finally:
        (output / ORDERS).unlink(missing_ok=True)  # faces stay where they came from


def _done(waves: Sequence[Wave], output: Path) -> dict[str, Any]:
    files = ((each.name, output / each.name / DONE) for wave in waves for each in wave.trainings)
    return {name: json.loads(file.read_text()) for name, file in files if file.exists()}


def _check_card(options: argparse.Namespace, plan: Path) -> subprocess.Popen[bytes] | None:
    """Starts the check of the card; None where ``--card`` or an earlier start of this lease has its figures."""
    if (options.card or options.output / CARD).exists() or not options.check:
        return None
    options.output.mkdir(parents=True, exist_ok=True)
    limit = ["--limit", str(options.limit // 2)] if options.limit else []
    call = ["--plan", str(plan), "--seconds", str(options.check), "--output", str(options.output / CARD), *limit]
    return subprocess.Popen([sys.executable, "-m", "training.lease.card", *call])


def _figures(options: argparse.Namespace, check: subprocess.Popen[bytes] | None) -> dict[str, Any]:
    """The card's figures; {} where the check failed or took too long: then nothing is cut."""
    if check is not None:
        try:
            check.wait(timeout=3 * options.check + 30)
        except subprocess.TimeoutExpired:
            check.kill()
    path = options.card or options.output / CARD
    measured: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return measured


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.lease", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--minutes", type=float, required=True, help="how long it may take, the check of the card included"
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR", help="folders of parquet shards")
    parser.add_argument(
        "--backbones", type=Path, metavar="DIR", help="folder of the backbone weights that the plan names"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the results")
    parser.add_argument("--plan", default="full_size", help=f"one of {', '.join(list_plans())}, or a TOML file")
    parser.add_argument("--side", type=int, default=112, metavar="PIXELS", help="side the images are kept at [112]")
    parser.add_argument(
        "--check", type=float, default=40.0, metavar="SECONDS", help="time for the check of the card [40]"
    )
    parser.add_argument("--card", type=Path, metavar="FILE", help="card.json of an earlier check, instead of a new one")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="only N images of each split, for a trial")
    parser.add_argument("--note", default="", help="about the data, for the checkpoints' provenance")
    return parser


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    began = time.monotonic()
    options = _parser().parse_args(arguments)
    plan = Path(options.plan) if options.plan.endswith(".toml") else PLANS / f"{options.plan}.toml"
    waves = read_plan(plan)
    trainings = {training.name: training for wave in waves for training in wave.trainings}
    wanted = {each.pretrained for each in trainings.values() if each.pretrained}
    absent = sorted(name for name in wanted if not options.backbones or not (options.backbones / name).is_file())
    if absent:
        raise FerError(f"--backbones: the plan starts from {', '.join(absent)}, which is not there.")
    check = _check_card(options, plan)
    sets = read_sets(options.data, options.side, options.limit)  # meanwhile
    card = _figures(options, check)
    orders = Orders(trainings, sets, options.backbones, options.limit // 2, options.note)
    left = 60 * options.minutes - (time.monotonic() - began) - min(_START, 6 * options.minutes)
    if left <= 0:
        raise FerError(f"--minutes {options.minutes:g}: nothing is left after the check of the card.")
    run_lease(waves, orders, options.output, left, card)


if __name__ == "__main__":
    main()
