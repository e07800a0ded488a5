"""Measures a finished checkpoint on one split and writes metrics, predictions and the model card into its folder.

    python -m training.evaluate --checkpoint checkpoints/emonext_nano --data PATH_OR_HUB_ID --split test

The calibration temperature is fitted when the split is ``validation`` and only used elsewhere. One view per image,
unless ``--views`` names a test-time augmentation. The test split is also scored without images that occur in training.

A data set that the checkpoint was not trained on is measured under its own name, classes mapped by name:

    python -m training.evaluate --checkpoint ORG/NAME --data OTHER_PATH_OR_HUB_ID --output results/cross

Only the plain results on its own data are the checkpoint's ``validation`` and ``test``; all others are kept apart from
them, under ``further`` in metrics.json, with predictions of their own.

A user's own photos, from which detector and crop rule first cut the faces:

    python -m training.evaluate --checkpoint stn_se_mobilenetv1 --data FOLDER --detect --output results/mine

``--disturbed`` runs the suite of disturbances over the validation split and writes ``disturbed.json``; with
``--faces N`` over N of its faces, drawn by a fixed seed, so that all checkpoints see the same ones.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from fer_explain.benchmark.further import Further, read_further
from fer_explain.benchmark.metrics import headline, read_splits
from fer_explain.errors import FerError
from fer_explain.hub.config import CheckpointConfig, read_config, read_metrics, write_config
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import DISTURBED, EMBEDDED, METRICS, PREDICTIONS
from fer_explain.hub.reference import find_folder
from fer_explain.hub.remote import FILES
from training.data import SPLITS, FaceSet, ImageForm, Reading, load_mix
from training.detected import load_detected
from training.disturbed import measure_disturbed, some
from training.flags import add_columns, share
from training.holdout import reading_of
from training.manners import command
from training.measure import PLAIN, evaluate_checkpoint
from training.start import stems
from training.targets import FER2013, FERPLUS, as_ferplus
from training.views import ONE, list_views

__all__ = ["evaluate_checkpoint", "main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--checkpoint", required=True, metavar="DIR_OR_HUB_ID", help="an embedded name, a folder or a Hub id"
    )
    parser.add_argument(
        "--data",
        required=True,
        nargs="+",
        metavar="PATH_OR_HUB_ID",
        help="parquet folder, Hub id, CSV or image folder; several are a mix, also scored by source",
    )
    add_columns(parser, classes=False)
    parser.add_argument(
        "--labels",
        choices=(FER2013, FERPLUS),
        default=FER2013,
        help="the data's own labels, or the class that most of FER+'s voters named",
    )
    parser.add_argument("--split", choices=SPLITS, help="which part of the data [test; with --disturbed: validation]")
    parser.add_argument(
        "--disturbed",
        action="store_true",
        help="measure under blur, noise, light, frame and other disturbances instead",
    )
    parser.add_argument(
        "--faces", type=int, metavar="N", help="with --disturbed: this many seeded faces of the split [all]"
    )
    parser.add_argument(
        "--detect", action="store_true", help="--data is a folder of photos: find and cut out their faces first"
    )
    parser.add_argument(
        "--views", choices=list_views(), default=ONE, help="test-time augmentation: average the logits of several views"
    )
    parser.add_argument(
        "--name", metavar="NAME", help="what the data set is called [its file or folder]; tells own data from other"
    )
    parser.add_argument(
        "--own",
        action="store_true",
        help="--data is one of several sources it was trained on: from now on that one alone counts as its own data",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="copy the checkpoint there and measure the copy; for Hub ids needed"
    )
    parser.add_argument(
        "--leak-check",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="score own test data also without images that occur in its training split",
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    options = _parser().parse_args(arguments)
    folder = _place(options.checkpoint, options.output)
    config = read_config(folder)
    name = options.name or " + ".join(Path(source).name for source in options.data)
    if options.own:
        config = judge_by(folder, name)
    data = "" if _is_own(config, name) else name
    form = ImageForm(config.input.gray, config.input.size)
    split = options.split or ("validation" if options.disturbed else "test")
    if options.disturbed and (split != "validation" or data or options.views != ONE):
        raise FerError("--disturbed is measured on the checkpoint's own validation split, one view per image.")
    if options.faces is not None and (not options.disturbed or options.faces < 1):
        raise FerError("--faces takes 1 or more, and only with --disturbed.")
    broken = share(options.max_broken, "--max-broken")
    plain = Reading(image_column=options.image_column, label_column=options.label_column, max_broken=broken)
    reading = reading_of(folder, config, plain, own=not data)
    if options.detect:
        faces = _detected(options.data, split, form, reading)
    else:
        faces = load_mix(options.data, split, form, every_class=False, reading=reading)
    if options.disturbed:
        measure_disturbed(folder, some(faces, options.faces), options.device, print)
        return
    if options.labels == FERPLUS:
        faces, data = as_ferplus(faces), options.name or FERPLUS
    check = options.leak_check and split == "test" and not data and not options.detect
    train = load_mix(options.data, "train", form, every_class=False, reading=reading) if check else None
    metrics = evaluate_checkpoint(folder, faces, options.device, views=options.views, data=data, train=train)
    print("\n".join(_report(metrics, data, split, options.views)))


def _detected(sources: Sequence[str], split: str, form: ImageForm, reading: Reading) -> FaceSet:
    """The faces that the detector finds in photos; says what share that is.

    Raises:
        FerError: see :func:`load_detected`, or there are several folders.
    """
    if len(sources) > 1:
        raise FerError("--detect takes one --data folder at a time.")
    faces, found = load_detected(sources[0], split, form, reading=reading)
    print(found)
    return faces


def _place(ref: str, output: Path | None) -> Path:
    """The folder that gets the results.

    Raises:
        FerError: it is huggingface_hub's cache, where nothing may be written, or ``output`` is in use.
    """
    folder = find_folder(ref)
    if output is None:
        if Path(ref).is_dir() or folder.parent == EMBEDDED:
            return folder
        raise FerError(f"--checkpoint {ref} comes from the Hub: say with --output DIR where the results shall go.")
    if output.exists():
        raise FerError(f"--output {output} exists; choose another folder.")
    for file in FILES:
        if (folder / file).is_file():
            (output / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, output / file)
    return output


def judge_by(folder: Path, name: str) -> CheckpointConfig:
    """Makes one source of a mix the data that a checkpoint is judged by, and returns the new configuration.

    What was measured on the whole mix goes, and on the source as other data. So a network that learned from FER2013 and
    more is compared with those that learned from FER2013 alone, on the same images.

    Raises:
        FerError: it was not trained on that source, or the folder cannot be written.
    """
    config = read_config(folder)
    about = config.provenance.get("data", {})
    if not stems(name) <= stems(about.get("name", "")):
        raise FerError(f"--own: {folder} was trained on {about.get('name') or 'unknown data'}, not on {name}.")
    if _is_own(config, name):
        return config
    config = replace(config, provenance=config.provenance | {"data": about | {"judged_by": name}})
    metrics = read_metrics(folder)
    stale = {key for key, one in read_further(metrics).items() if one.data in ("", name)}
    kept = {key: value for key, value in metrics.items() if key not in ("splits", "data")}
    kept |= {"further": {key: value for key, value in metrics.get("further", {}).items() if key not in stale}}
    write_text(folder / METRICS, json.dumps(kept, indent=2) + "\n")
    for key in {*SPLITS, *stale}:
        (folder / PREDICTIONS / f"{key}.parquet").unlink(missing_ok=True)
    (folder / DISTURBED).unlink(missing_ok=True)
    write_config(folder, config)
    return config


def _is_own(config: CheckpointConfig, name: str) -> bool:
    """Whether data of that name is what the checkpoint was trained on; an untrained one takes any for its own."""
    about = config.provenance.get("data", {})
    trained_on = about.get("judged_by") or about.get("name")
    return trained_on is None or stems(trained_on) == stems(name)


def _report(metrics: Mapping[str, Any], data: str, split: str, views: str) -> Iterator[str]:
    """A line per measurement that was made, then the classes of the whole split."""
    key = Further.key(data, split, views)
    further = read_further(metrics)
    if key in PLAIN:
        yield f"{key}: accuracy {headline(metrics, split)}"
    made = [one for one in further.values() if (one.data, one.split, one.views) == (data, split, views)]
    yield from map(str, made)
    scores = read_splits(metrics)[split] if key in PLAIN else further[key].scores
    yield f"{'':10} precision   recall       F1  images"
    for name, one in scores.classes.items():
        shares = "".join(f"{100 * share:7.1f} %" for share in (one.precision, one.recall, one.f1))
        yield f"{name:10}{shares} {one.support:7,}"
    if key not in PLAIN:
        yield from (f"not scored, the network has no '{name}': {n:,}" for name, n in further[key].left_out.items())


if __name__ == "__main__":
    main()
