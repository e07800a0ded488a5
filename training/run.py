"""Trains a registered network and leaves a checkpoint folder.

    python -m training.run --model emonext_atto --data PATH_OR_HUB_ID --output runs/emonext_atto

A trial that takes a minute on a CPU:

    python -m training.run --model emonext_nano --data PATH --output runs/trial --epochs 1 --limit 2000

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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from fer_explain.benchmark.metrics import headline
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.faces.preprocess import to_batch
from fer_explain.hub.checkpoint import Checkpoint, CheckpointConfig
from fer_explain.hub.folder import CONFIG
from fer_explain.hub.publish import publish
from fer_explain.models import architecture, create_model
from fer_explain.models.backbone import pretrained_report
from fer_explain.types import InputSpec
from training.annotators import consult
from training.audit.duplicates import drop_leaks
from training.clock import Clock
from training.config import TrainConfig, describe, resolve
from training.data import FaceSet, ImageForm, load_mix
from training.distill import fingerprint, load_earlier, soften, teach
from training.engine import Engine
from training.flags import make_parser
from training.folds import take_fold
from training.manners import command
from training.measure import evaluate_checkpoint
from training.provenance import provenance, run_fingerprint
from training.record import Record
from training.state import FILE, RunState, remove_leftovers
from training.targets import without_non_faces
from training.trackers import open_tracker
from training.unfold import unfold_batch_norm
from training.views import ONE

UNFOLD_ON: Final = 512  # faces that batch norms are refitted to
_NORMALIZATIONS: Final = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is carried out, beside its recipe.

    Attributes:
        recipe: name of the recipe, for the record.
        pretrained: backbone weights, as in :func:`fer_explain.models.create_model`.
        resume: go on with the interrupted run in the output folder.
        starts: checkpoints of the same architecture; the run starts from their weights' mean.
        teachers: checkpoints to learn from.
        teacher_cache: folder of the teachers' answers.
        time_budget: minutes; fewer steps are taken where they do not fit. 0 = all of them.
        save_every: minutes between two saves of the state within an epoch.
        trackers: of :func:`training.trackers.list_trackers`.
        keep_state: write what a resumed run needs; without it an interrupted run starts anew.
        taught_by: names of teachers whose answers are handed in ready.
        note: about the data, for the provenance.
    """

    recipe: str = ""
    pretrained: bool | Path = False
    resume: bool = False
    starts: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    teacher_cache: Path = Path("teachers")
    time_budget: float = 0.0
    save_every: float = 10.0
    trackers: tuple[str, ...] = ()
    keep_state: bool = True
    taught_by: tuple[str, ...] = ()
    note: str = ""


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
    _check_options(config, options, has_answers=answers is not None)
    accelerator = _accelerator(config, len(train_set))
    if accelerator.is_main_process:
        remove_leftovers(output)
    teachers = load_earlier("--teacher", options.teachers, train_set)
    starts = load_earlier("--start", options.starts, train_set)
    run = run_fingerprint(
        name, config, train_set, validation, list(map(fingerprint, teachers)), list(map(fingerprint, starts))
    )
    state = RunState.load(output, run) if options.resume else RunState(run)
    if not options.resume and (output / CONFIG).exists():
        raise FerError(f"--output {output} already holds a checkpoint; choose another folder, or --resume.")
    spec = input_of(architecture(name).input, config)
    if teachers:
        with accelerator.main_process_first():  # the others find its answers in the cache
            answers = teach(teachers, train_set, options.teacher_cache, accelerator.device)
    if answers is not None:
        answers = consult(answers, train_set, config.votes) if config.votes else answers
        answers = soften(answers, config.distill_temperature)
    torch.manual_seed(config.seed)
    if state.model or starts:
        model = create_model(name, **config.model_args)  # the resumed state fills it later
        if starts:
            _take_over(model, name, starts)
    else:
        model = _new(name, config, spec, train_set, options.pretrained)
    source = provenance(
        config,
        train_set,
        recipe=options.recipe,
        fingerprint=run,
        pretrained=options.pretrained.name if isinstance(options.pretrained, Path) else options.pretrained,
        device=accelerator.device.type,
        starts=_named(starts) or None,
        teachers=_named(teachers) or [{"name": each} for each in options.taught_by] or None,
        time_budget=options.time_budget or None,
        note=options.note or None,
    )
    checkpoint = CheckpointConfig(name, LABELS, spec, model_args=config.model_args, provenance=source)
    clock = Clock(60 * options.time_budget, state.seconds)
    engine = Engine(model, spec, config, state, accelerator, clock=clock, save_every=60 * options.save_every)
    with open_tracker(options.trackers, output, output.name, asdict(config)) as tracker:
        record = Record(output, checkpoint, config, len(train_set) // config.batch_size, tracker)
        record.keeps_state = options.keep_state
        engine.fit(train_set, validation, record, answers)
    is_main, device = accelerator.is_main_process, accelerator.device.type
    accelerator.end_training()
    return _measure(output, validation, device, config) if is_main else {}


def input_of(spec: InputSpec, config: TrainConfig) -> InputSpec:
    """A network's input with the recipe's side and normalisation."""
    spec = replace(spec, size=config.input_size or spec.size)
    if config.normalization == "model":
        return spec
    mean, std = _NORMALIZATIONS[config.normalization]
    if spec.channels == 3:
        return replace(spec, mean=mean, std=std)
    return replace(spec, mean=(sum(mean) / 3,), std=(sum(std) / 3,))  # gray: the three channels' average


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


def _check_options(config: TrainConfig, options: RunOptions, *, has_answers: bool) -> None:
    if options.starts and options.pretrained:
        raise FerError("--start and --pretrained both name weights to start from; give one of them.")
    if options.teachers and not config.distill:
        raise FerError("--teacher has no effect while --distill is 0; give it a share of the loss, such as 0.5.")
    if config.votes and not options.teachers:
        raise FerError(f"--votes {config.votes} weighs annotators among teachers; it needs at least one --teacher.")
    if config.distill and not options.teachers and not has_answers:
        raise FerError(f"--distill {config.distill} needs at least one --teacher.")


def _new(name: str, config: TrainConfig, spec: InputSpec, train_set: FaceSet, pretrained: bool | Path) -> nn.Module:
    """The network at its start."""
    model = create_model(name, pretrained=pretrained, **config.model_args)
    report = pretrained_report(model)
    if report is not None:
        print(report, flush=True)
    if config.unfold_norm:
        some = train_set.images[:: max(1, len(train_set) // UNFOLD_ON)][:UNFOLD_ON]
        unfold_batch_norm(model, to_batch(some, spec).expand(-1, spec.channels, -1, -1))
    return model


def _take_over(model: nn.Module, name: str, starts: Sequence[Checkpoint]) -> None:
    """Fills a network with the mean of earlier checkpoints' weights (a uniform soup, Wortsman et al. 2022, section 2).

    Raises:
        FerError: one is of another architecture.
    """
    for start in starts:
        if start.config.architecture != name:
            raise FerError(f"--start {start.name}: it is a {start.config.architecture}, not a {name}.")
    states = [start.model.state_dict() for start in starts]
    model.load_state_dict({key: _mean([state[key] for state in states]) for key in states[0]})


def _mean(values: Sequence[Tensor]) -> Tensor:
    """Of one tensor from each network; a batch norm's count of batches, which has no mean, is the first one's."""
    return torch.stack(list(values)).mean(0) if values[0].is_floating_point() else values[0]


def _named(checkpoints: Sequence[Checkpoint]) -> list[dict[str, str]]:
    return [{"name": each.name, "fingerprint": fingerprint(each)} for each in checkpoints]


def _measure(output: Path, validation: FaceSet, device: str, config: TrainConfig) -> dict[str, Any]:
    """Measures the finished checkpoint on validation; the folder is then exactly what goes to the Hub."""
    metrics = evaluate_checkpoint(output, validation, device)
    if config.views != ONE:
        metrics = evaluate_checkpoint(output, validation, device, views=config.views)
    (output / FILE).unlink(missing_ok=True)
    return metrics


def _load(options: argparse.Namespace, config: TrainConfig) -> tuple[FaceSet, FaceSet]:
    """The training split and the one the epoch is chosen by."""
    spec = input_of(architecture(options.model).input, config)
    form = ImageForm(spec.gray and not config.cast, max(spec.size, config.train_size))  # a cast is on colours
    train_set = load_mix(options.data, "train", form, balanced=options.balanced, seed=config.seed)
    if options.folds:
        train_set, validation = take_fold(train_set, options.folds, options.fold)
    else:
        validation = load_mix(options.data, "validation", form)
    if options.drop_leaks:
        # The test images only decide which training images go; nothing is chosen by them.
        train_set, dropped = drop_leaks(train_set, [validation, load_mix(options.data, "test", form)])
        print(f"left out {dropped} training images that match a validation or test image", flush=True)
    train_set = without_non_faces(train_set, config.labels)
    if options.limit:
        train_set, validation = train_set.head(options.limit), validation.head(options.limit)
    return train_set, validation


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = make_parser((__doc__ or "").split("\n")[0])
    options = parser.parse_args(arguments)
    recipe = options.recipe or architecture(options.model).recipe
    if options.print_config:
        print(describe(recipe, vars(options)))
        return
    missing = [flag for flag, value in (("--data", options.data), ("--output", options.output)) if not value]
    if missing:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    if min(options.time_budget, options.save_every) < 0:
        raise FerError("--time-budget and --save-every are minutes, at least 0.")
    config = resolve(recipe, vars(options))
    how = RunOptions(
        recipe=recipe,
        pretrained=Path(options.pretrained) if isinstance(options.pretrained, str) else options.pretrained,
        resume=options.resume,
        starts=tuple(options.start),
        teachers=tuple(options.teacher),
        teacher_cache=options.teacher_cache or options.output.parent / "teachers",
        time_budget=options.time_budget,
        save_every=options.save_every,
        trackers=tuple(options.track),
    )
    metrics = train(options.model, config, *_load(options, config), options.output, how)
    if metrics:
        print(f"{options.output}: accuracy {headline(metrics, 'validation')}")
        if options.push_to_hub:
            print(f"published as {publish(options.output, options.push_to_hub)}")


if __name__ == "__main__":
    main()
