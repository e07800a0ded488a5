"""The flags of ``training.run``: data, the run itself, and one for each option of a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

from fer_explain.errors import FerError
from fer_explain.models import list_models
from training.config import add_options, list_recipes
from training.trackers import list_trackers


def make_parser(description: str) -> argparse.ArgumentParser:
    """The flags of ``training.run``, those of the recipe among them."""
    parser = argparse.ArgumentParser(prog="python -m training.run", description=description)
    parser.add_argument(
        "--model",
        help=f"one of {', '.join(list_models())}; timm:<name> for any timm model; or "
        "stn_<gate>_<timm backbone> [that of --start]",
    )
    parser.add_argument(
        "--recipe", help=f"one of {', '.join(list_recipes())}, or a TOML file; default: the model's own"
    )
    parser.add_argument(
        "--print-config", action="store_true", help="show the options and where each value came from, then exit"
    )
    _add_data(parser.add_argument_group("data"))
    _add_run(parser.add_argument_group("the run"))
    add_options(parser)
    return parser


def share(text: str, flag: str) -> float:
    """A share in 0..1 that is written in per cent: ``1``, ``1%``, ``0.5 %``.

    Raises:
        FerError: it is none.
    """
    try:
        value = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise FerError(f"{flag} {text}: give a share in per cent, such as 1 %.")
    return value


def add_columns(group: argparse._ActionsContainer, *, classes: bool = True) -> None:
    """Adds the flags that say where a data set keeps its images and labels, and which of its classes are meant."""
    group.add_argument("--image-column", default="", metavar="NAME", help="column of the images [a usual name]")
    group.add_argument("--label-column", default="", metavar="NAME", help="column of the classes [a usual name]")
    group.add_argument(
        "--max-broken", default="1 %", metavar="SHARE", help="largest share of unreadable images to leave out [1 %%]"
    )
    if classes:
        group.add_argument(
            "--classes",
            default="",
            metavar="NAMES",
            help="the classes and their order: happy,sad; SOURCE=NAME renames and merges: joy=happy,glad=happy,sad "
            "[the data's own]",
        )


def _add_data(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--data",
        nargs="+",
        metavar="PATH_OR_HUB_ID",
        help="parquet folder, Hub id, CSV or image folder; several are a mix",
    )
    add_columns(group)
    group.add_argument(
        "--detect", action="store_true", help="--data are photos: find the faces and cut them out, once, in a cache"
    )
    group.add_argument(
        "--dry-run", action="store_true", help="show what would be learned and ten of its images, then exit"
    )
    group.add_argument(
        "--balanced",
        action="store_true",
        help="as many images of every class, as evenly from the sources as they allow",
    )
    group.add_argument(
        "--drop-leaks", action="store_true", help="leave out training images that match a validation or test image"
    )
    group.add_argument("--limit", type=int, metavar="N", help="use only the first N images of each split")
    group.add_argument(
        "--folds", type=Path, metavar="FILE", help="cross-validation: a CSV with row and fold of the training split"
    )
    group.add_argument("--fold", type=int, default=0, metavar="I", help="the fold of --folds to validate on [0]")


def _add_run(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--output", type=Path, metavar="DIR", help="the checkpoint folder to write")
    group.add_argument(
        "--pretrained",
        nargs="?",
        const=True,
        default=False,
        metavar="FILE",
        help="backbone weights: a safetensors file, a folder of them, or from the Hub",
    )
    group.add_argument("--resume", action="store_true", help="go on with an interrupted run in --output")
    group.add_argument(
        "--time-budget", type=float, default=0.0, metavar="MINUTES", help="shorten the run so that it ends in time"
    )
    group.add_argument(
        "--save-every", type=float, default=10.0, metavar="MINUTES", help="keep the state within long epochs too [10]"
    )
    group.add_argument(
        "--start",
        action="append",
        default=[],
        metavar="DIR_OR_HUB_ID",
        help="a checkpoint of the same architecture to go on from, with a fresh schedule; several are averaged; other "
        "classes get a new head",
    )
    group.add_argument(
        "--teacher",
        action="append",
        default=[],
        metavar="DIR_OR_HUB_ID",
        help="a checkpoint to learn from (see --distill); several are averaged",
    )
    group.add_argument(
        "--teacher-cache",
        type=Path,
        metavar="DIR",
        help="where the teachers' answers are kept [teachers beside --output]",
    )
    group.add_argument(
        "--same-split",
        action="store_true",
        help="--start and --teacher learned from other files of this very training split (stored anew, enlarged)",
    )
    group.add_argument(
        "--track", action="append", default=[], choices=list_trackers(), help="book the curves there too"
    )
    group.add_argument(
        "--push-to-hub", metavar="ORG/NAME", help="upload the finished folder to a private Hub repository"
    )
