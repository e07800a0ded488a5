"""Trains a registered network and leaves a checkpoint folder.

    python -m training.run --model emonext_atto --data PATH_OR_HUB_ID --output runs/emonext_atto

A trial that takes a minute on a CPU:

    python -m training.run --model emonext_nano --data PATH --output runs/trial --epochs 1 --limit 2000

Your own faces, of any 2 to 100 classes, from a checkpoint that is here (docs/own_faces.md):

    python -m training.run --start field_stn_se_mobilenetv1 --recipe finetune_own --data PHOTOS --output runs/mine

The best that half an hour allows, and what a recipe consists of:

    python -m training.run --model emonext_atto --recipe modern --data PATH --output runs/half_hour --time-budget 30
    python -m training.run --model emonext_tiny --recipe emonext --print-config

Every choice (the epoch, the calibration temperature) is made on the validation split; the test split is not read.
``python -m training.evaluate`` reads it, once, afterwards. A run that was killed or stopped by Ctrl-C goes on with
``--resume`` and ends with the same weights. Several devices: ``accelerate launch -m training.run ...``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator
from torch import Tensor

from fer_explain.benchmark.metrics import headline
from fer_explain.errors import FerError
from fer_explain.hub.card import backbone_weights
from fer_explain.hub.checkpoint import Checkpoint, CheckpointConfig, read_config
from fer_explain.hub.folder import CONFIG
from fer_explain.hub.publish import publish
from fer_explain.hub.reference import find_folder
from fer_explain.models import architecture
from training.annotators import consult
from training.clock import Clock
from training.config import TrainConfig, describe, resolve
from training.data import FaceSet
from training.distill import fingerprint, load_earlier, soften, teach
from training.engine import Engine
from training.flags import make_parser
from training.manners import command
from training.measure import evaluate_checkpoint
from training.network import first_network, input_of
from training.options import RunOptions
from training.preview import preview
from training.provenance import provenance, run_fingerprint
from training.record import Record
from training.start import load_starts
from training.state import FILE, RunState, remove_leftovers
from training.trackers import open_tracker
from training.views import ONE

if TYPE_CHECKING:
    from training.own_data import OwnData


def train(
    name: str,
    config: TrainConfig,
    train_set: FaceSet,
    validation: FaceSet,
    output: Path,
    options: RunOptions,
    answers: Tensor | None = None,
) -> dict[str, Any]:
    """Trains network ``name`` and returns the content of metrics.json; {} in all but the main process.

    ``answers`` are teachers' probabilities (2, N, K) of the plain and mirrored training images where they are known
    already; otherwise the teachers of ``options`` are asked.

    Raises:
        FerError: a wrong option, a folder that cannot be written, a loss that is no longer finite.
        KeyboardInterrupt: stopped by Ctrl-C or SIGTERM, with the state kept.
    """
    options.check(config, has_answers=answers is not None)
    accelerator = _accelerator(config, len(train_set))
    if accelerator.is_main_process:
        remove_leftovers(output)
    teachers = load_earlier("--teacher", options.teachers, train_set, same_split=options.same_split)
    starts = load_starts(options.starts, name, train_set, same_split=options.same_split)
    run = run_fingerprint(
        name, config, train_set, validation, list(map(fingerprint, teachers)), list(map(fingerprint, starts))
    )
    state = RunState.load(output, run) if options.resume else RunState(run)
    if not options.resume and (output / CONFIG).exists():
        raise FerError(f"--output {output} already holds a checkpoint; choose another folder, or --resume.")
    spec = input_of(starts[0].config.input if starts else architecture(name).input, config)
    answers = _answers(config, train_set, options, teachers, accelerator, answers)
    torch.manual_seed(config.seed)
    model, new = first_network(name, config, spec, train_set, options.pretrained, state, starts)
    source = _source(config, train_set, options, run, accelerator.device.type, teachers, _named(starts, new))
    checkpoint = CheckpointConfig(name, train_set.label_names, spec, model_args=config.model_args, provenance=source)
    clock = Clock(60 * options.time_budget, state.seconds)
    engine = Engine(model, spec, config, state, accelerator, clock=clock, save_every=60 * options.save_every)
    with open_tracker(options.trackers, output, output.name, asdict(config)) as tracker:
        record = Record(output, checkpoint, config, len(train_set) // config.batch_size, tracker)
        record.keeps_state = options.keep_state
        engine.fit(train_set, validation, record, answers)
    is_main, device = accelerator.is_main_process, accelerator.device.type
    accelerator.end_training()
    return _measure(output, validation, device, config) if is_main else {}


def _answers(
    config: TrainConfig,
    train_set: FaceSet,
    options: RunOptions,
    teachers: Sequence[Checkpoint],
    accelerator: Accelerator,
    answers: Tensor | None,
) -> Tensor | None:
    """The teachers' softened probabilities (2, N, K), asked for where they are not given; None without teachers."""
    if teachers:
        with accelerator.main_process_first():  # the others find its answers in the cache
            disturbed = config.distill_views == "disturbed"
            answers = teach(teachers, train_set, options.teacher_cache, accelerator.device, disturbed=disturbed)
    if answers is None:
        return None
    answers = consult(answers, train_set, config.votes) if config.votes else answers
    return soften(answers, config.distill_temperature)


def _source(
    config: TrainConfig,
    train_set: FaceSet,
    options: RunOptions,
    run: str,
    device: str,
    teachers: Sequence[Checkpoint],
    starts: list[dict[str, Any]],
) -> dict[str, Any]:
    """What the checkpoint says about where it is from."""
    return provenance(
        config,
        train_set,
        renamed=options.renamed,
        detected=options.detected,
        recipe=options.recipe,
        fingerprint=run,
        pretrained=options.pretrained.name if isinstance(options.pretrained, Path) else options.pretrained,
        device=device,
        starts=starts or None,
        teachers=_named(teachers) or [{"name": each} for each in options.taught_by] or None,
        same_split=options.same_split or None,
        time_budget=options.time_budget or None,
        note=options.note or None,
    )


def _accelerator(config: TrainConfig, images: int) -> Accelerator:
    """The devices of this run.

    Raises:
        FerError: the precision or the batch size does not suit them.
    """
    if config.precision == "fp16" and not torch.cuda.is_available():
        raise FerError("--precision fp16 needs a GPU; give --precision bf16 or no.")
    accelerator = Accelerator(mixed_precision=config.precision, gradient_accumulation_steps=config.accumulate)
    parts = accelerator.num_processes * config.accumulate
    if config.batch_size % parts or config.batch_size // parts < 2:
        raise FerError(
            f"--batch-size {config.batch_size} must be a multiple of {parts}, the number of processes times "
            "--accumulate, with at least two images for each."
        )
    if config.batch_size > images:
        raise FerError(f"--batch-size {config.batch_size} is larger than the training split ({images} images).")
    return accelerator


def _named(checkpoints: Sequence[Checkpoint], new: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Names and fingerprints, the backbone weights they came from, and which tensors were not taken."""
    named = []
    for each in checkpoints:
        weights = backbone_weights(each.config.provenance)
        named.append({"name": each.name, "fingerprint": fingerprint(each)})
        if weights:
            named[-1]["pretrained"] = weights
    return [each | {"new": list(new)} for each in named] if new else named


def _measure(output: Path, validation: FaceSet, device: str, config: TrainConfig) -> dict[str, Any]:
    """Measures the finished checkpoint on validation; the folder is then exactly what goes to the Hub."""
    metrics = evaluate_checkpoint(output, validation, device)
    if config.views != ONE:
        metrics = evaluate_checkpoint(output, validation, device, views=config.views)
    (output / FILE).unlink(missing_ok=True)
    return metrics


def _begun(options: argparse.Namespace) -> CheckpointConfig | None:
    """What the first checkpoint of ``--start`` says about itself; None without one.

    Raises:
        FerError: it cannot be read.
    """
    return read_config(find_folder(options.start[0])) if options.start else None


def _options(options: argparse.Namespace, recipe: str, data: OwnData) -> RunOptions:
    return RunOptions(
        recipe=recipe,
        pretrained=Path(options.pretrained) if isinstance(options.pretrained, str) else options.pretrained,
        resume=options.resume,
        starts=tuple(options.start),
        teachers=tuple(options.teacher),
        same_split=options.same_split,
        teacher_cache=options.teacher_cache or options.output.parent / "teachers",
        time_budget=options.time_budget,
        save_every=options.save_every,
        trackers=tuple(options.track),
        renamed=data.reading.classes.renamed,
        detected=data.reading.crop is not None,
    )


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    from training.own_data import read_own, write_down  # needs OpenCV, which a lent GPU's machine may lack

    parser = make_parser((__doc__ or "").split("\n")[0])
    options = parser.parse_args(arguments)
    if not (options.model or options.start):
        parser.error("the following arguments are required: --model, or --start")
    begun = _begun(options)
    name = options.model or (begun.architecture if begun else "")
    recipe = options.recipe or architecture(name).recipe
    if options.print_config:
        print(describe(recipe, vars(options)))
        return
    missing = [flag for flag, value in (("--data", options.data), ("--output", options.output)) if not value]
    if missing:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    if min(options.time_budget, options.save_every) < 0:
        raise FerError("--time-budget and --save-every are minutes, at least 0.")
    config = resolve(recipe, vars(options))
    same = begun is not None and begun.architecture == name
    if begun is not None and same and not config.model_args:
        config = replace(config, model_args=begun.model_args)
    spec = input_of(begun.input if begun is not None and same else architecture(name).input, config)
    data = read_own(options, config, spec)
    if options.dry_run:
        print("\n".join(preview(name, config, spec, data, options.output)))
        return
    for sentence in write_down(data, options.output):
        print(sentence, flush=True)
    metrics = train(name, config, data.train, data.validation, options.output, _options(options, recipe, data))
    if metrics:
        print(f"{options.output}: accuracy {headline(metrics, 'validation')}")
        if options.push_to_hub:
            print(f"published as {publish(options.output, options.push_to_hub)}")


if __name__ == "__main__":
    main()
