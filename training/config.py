"""What a run is configured with: one dataclass, filled from its defaults, a recipe file and the command line."""

from __future__ import annotations

import argparse
import json
import tomllib
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from fer_explain.errors import FerError

RECIPES: Final = Path(__file__).parent / "recipes"


def _option(
    default: Any, help_text: str, choices: tuple[str, ...] = (), low: float | None = None, high: float | None = None
) -> Any:
    return field(default=default, metadata={"help": help_text, "choices": choices, "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Every option of a recipe. The field's help is the command line's help."""

    epochs: int = _option(30, "passes over the training split", low=1)
    batch_size: int = _option(64, "images per update, over all processes", low=2)
    accumulate: int = _option(1, "parts a batch is run in, one after the other, to save memory", low=1)
    lr: float = _option(1e-3, "peak learning rate", low=0)
    stn_lr: float = _option(0.1, "learning rate of the spatial transformer, as a share of the others'", low=0)
    optimizer: str = _option("adamw", "optimiser", ("adamw", "adam", "sgd"))
    weight_decay: float = _option(0.05, "decay of weights", low=0)
    decay_all: bool = _option(False, "decay biases and norms too (EmoNeXt's released code does)")
    momentum: float = _option(0.9, "momentum of sgd", low=0)
    schedule: str = _option(
        "cosine", "learning rate after the warm-up", ("cosine", "restarts", "step", "plateau", "constant")
    )
    warmup: float = _option(0.05, "share of all steps in which the rate climbs from 0", low=0, high=0.9)
    warmup_steps: int = _option(128, "steps of warm-up in each cycle of schedule 'restarts'", low=0)
    cycle_steps: int = _option(1024, "steps from restart to restart of schedule 'restarts'", low=2)
    decay_every: int = _option(10, "epochs between two drops of schedule 'step'", low=1)
    decay_patience: int = _option(
        2, "epochs without a better validation accuracy before schedule 'plateau' drops", low=1
    )
    decay_factor: float = _option(0.1, "what a drop multiplies the rate with", low=0, high=1)
    clip: float = _option(1.0, "largest norm of the gradient; 0 = off", low=0)
    clip_scaled: bool = _option(False, "clip before fp16's loss scale is taken back (EmoNeXt's released code does)")
    labels: str = _option(
        "fer2013",
        "what a face is: the data's own label, the shares of FER+'s ten votes, or the mean of both",
        ("fer2013", "ferplus", "mix"),
    )
    logit_adjustment: float = _option(
        0.0, "tau: the loss adds tau x log of each class's share to its logit (Menon et al. 2021); 0 = off", low=0
    )
    label_smoothing: float = _option(0.1, "share of the target spread over all classes", low=0, high=1)
    class_weights: str = _option(
        "none", "weight of a class in the loss: its inverse frequency, or the root of that", ("none", "inverse", "root")
    )
    mixup: float = _option(0.0, "alpha of mixup (Zhang et al. 2018); 0 = off", low=0)
    cutmix: float = _option(0.0, "alpha of cutmix (Yun et al. 2019); 0 = off", low=0)
    mix_share: float = _option(1.0, "share of the batches that mixup or cutmix mixes", low=0, high=1)
    distill: float = _option(0.0, "share of the loss that follows the teachers (--teacher); 0 = off", low=0, high=1)
    distill_temperature: float = _option(1.0, "softening of teachers and student (Hinton et al. 2015)", low=0.1)
    distill_views: str = _option(
        "plain",
        "what the teachers see: each image, or also four disturbances of it, whose mean counts",
        ("plain", "disturbed"),
    )
    votes: float = _option(0.0, "weight of FER+'s annotators among the teachers; 0 = they are not asked", low=0, high=1)
    attention_weight: float = _option(0.0, "lambda of EmoNeXt's self-attention regulariser", low=0)
    ema: float = _option(0.999, "decay of the moving average of the weights; 0 = off", low=0, high=1)
    ema_every: int = _option(1, "steps between two updates of the moving average", low=1)
    precise_bn: int = _option(
        0,
        "training images, unaugmented, on which the statistics of the batch norms that are kept are measured after an "
        "epoch; 0 = moving averages",
        low=0,
    )
    validate_on: str = _option(
        "ema", "weights whose validation accuracy counts: the average's or the raw ones", ("ema", "raw")
    )
    keep: str = _option("best", "epoch whose (averaged) weights are kept", ("best", "last"))
    validation_crop: str = _option(
        "centre", "validation during training sees the whole face, or a random crop of it", ("centre", "random")
    )
    views: str = _option(
        "one",
        "test-time augmentation the finished network is measured with beside the plain view",
        ("one", "flip", "ten_crop"),
    )
    normalization: str = _option(
        "model",
        "input normalisation: the network's own, ImageNet's, or none (values in 0..1)",
        ("model", "imagenet", "none"),
    )
    input_size: int = _option(0, "side of the network's input in pixels; 0 = the network's own", low=0)
    train_size: int = _option(
        0, "side of the views it is trained on (Touvron et al. 2019: smaller than its input); 0 = the input's", low=0
    )
    start_size: int = _option(
        0, "side of the views at the start, growing to the full one in 70 % of the run; 0 = the same all along", low=0
    )
    hflip: float = _option(0.5, "probability of a horizontal flip", low=0, high=1)
    vflip: float = _option(0.0, "probability of a vertical flip (EmoNeXt's released code has 0.5)", low=0, high=1)
    rotate: float = _option(15.0, "largest turn in degrees", low=0)
    zoom: float = _option(0.15, "largest change of scale, as a share", low=0)
    translate: float = _option(0.08, "largest shift, as a share of the side", low=0)
    crop: float = _option(
        0.0, "share of the side that a random crop leaves out (236 -> 224 px: 0.0508)", low=0, high=0.9
    )
    border: str = _option("mirror", "what a turn or shift brings into view", ("mirror", "black"))
    light: float = _option(0.2, "largest change of brightness and of contrast, as a share", low=0)
    blur: float = _option(0.0, "largest standard deviation in pixels of a 3 x 3 Gaussian blur; 0 = off", low=0)
    erase: float = _option(0.25, "probability that a rectangle is erased", low=0, high=1)
    capture: float = _option(
        0.0, "probability of each of the disturbances below, which a camera brings; 0 = none of them", low=0, high=1
    )
    cast: float = _option(0.0, "largest colour cast, as a share of a channel; colour images only", low=0, high=0.9)
    gamma: float = _option(0.0, "largest change of gamma: from 1 / (1 + g) to 1 + g", low=0)
    exposure: float = _option(0.0, "largest share of light too much: what gets whiter than white is lost", low=0)
    uneven: float = _option(0.0, "largest slope of light across the face, as a share of its brightness", low=0)
    defocus: float = _option(0.0, "largest standard deviation of a Gaussian blur, as a share of the side", low=0)
    low_resolution: int = _option(0, "smallest side in pixels that the view is reduced to and enlarged again", low=0)
    sensor: int = _option(
        0, "smallest side in pixels that noise and JPEG happen on, for data of less detail; 0 = the view's own", low=0
    )
    noise: float = _option(0.0, "largest standard deviation of the sensor's noise, of 1 = white", low=0, high=1)
    jpeg: int = _option(0, "lowest JPEG quality; 0 = off", low=0, high=100)
    hide: float = _option(0.0, "largest share of the side that is covered from one border on", low=0, high=0.6)
    hat: float = _option(0.0, "largest share of the height that is covered from above", low=0, high=0.6)
    strong: float = _option(
        0.0,
        "share of exposure, uneven, defocus, low resolution, noise, JPEG, hide and hat that comes at full strength",
        low=0,
        high=0.95,
    )
    unfold_norm: bool = _option(
        False, "refit batch norms to the data before training, for weights that have them folded"
    )
    precision: str = _option("no", "mixed precision", ("no", "bf16", "fp16"))
    compile: bool = _option(False, "use torch.compile")
    patience: int = _option(0, "stop after so many epochs without a better validation accuracy; 0 = never", low=0)
    seed: int = _option(0, "seed of weights, order and augmentation", low=0)
    model_args: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "options of the architecture, KEY=VALUE"}
    )


def list_recipes() -> list[str]:
    """Names of the recipe files."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read_recipe(name: str) -> dict[str, Any]:
    """The options a recipe sets, by name or by path to a TOML file.

    Raises:
        FerError: there is no such recipe, or it sets an option there is none of.
    """
    path = recipe_file(name)
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FerError(f"--recipe {name}: there is no such recipe; choose {', '.join(list_recipes())}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FerError(f"--recipe {path}: not valid TOML ({error}).") from error
    entries.pop("description", None)
    unknown = entries.keys() - {entry.name for entry in fields(TrainConfig)}
    if unknown:
        raise FerError(f"--recipe {path}: there is no option '{sorted(unknown)[0]}'.")
    return entries


def recipe_file(name: str) -> Path:
    """Where a recipe is read from."""
    return Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds a flag per field of :class:`TrainConfig`; a flag not given leaves the recipe's value."""
    group = parser.add_argument_group("options of the recipe (default: the recipe's value)")
    for entry in fields(TrainConfig):
        text = f"{entry.metadata['help']} [{_default(entry)}]".replace("%", "%%")
        if entry.name == "model_args":
            group.add_argument("--model-arg", dest="model_args", action="append", metavar="KEY=VALUE", help=text)
        elif isinstance(entry.default, bool):
            group.add_argument(_flag(entry), action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            kind = type(entry.default)
            choices = entry.metadata["choices"] or None
            group.add_argument(_flag(entry), type=kind, default=None, help=text, choices=choices)


def resolve(recipe: str, flags: dict[str, Any]) -> TrainConfig:
    """Defaults, overridden by the recipe, overridden by the flags that were given.

    Raises:
        FerError: an unknown recipe, or a value of the wrong type or out of range; the sentence names the flag.
    """
    values = read_recipe(recipe)
    given = _given(flags)
    if "model_args" in given:
        given["model_args"] = values.get("model_args", {}) | dict(map(_parse_pair, given["model_args"]))
    config = TrainConfig(**(values | given))
    for entry in fields(TrainConfig):
        _check(entry, getattr(config, entry.name))
    return config


def describe(recipe: str, flags: dict[str, Any]) -> str:
    """The resolved configuration as TOML, itself a valid recipe; a comment says where each value came from."""
    config, from_recipe, given = resolve(recipe, flags), read_recipe(recipe), _given(flags)
    rows = [
        (f"{entry.name} = {json.dumps(getattr(config, entry.name))}", _origin(entry.name, given, from_recipe, recipe))
        for entry in fields(TrainConfig)
        if entry.name != "model_args"
    ]
    flagged = dict(map(_parse_pair, given.get("model_args", [])))
    options = [
        (f"{key} = {json.dumps(value)}", _origin(key, flagged, from_recipe.get("model_args", {}), recipe))
        for key, value in config.model_args.items()
    ]
    width = max(len(text) for text, _ in rows + options)
    lines, further = ([f"{text:<{width}}  # {origin}" for text, origin in part] for part in (rows, options))
    return "\n".join([*lines, *(["", "[model_args]", *further] if further else [])])


def _origin(name: str, given: dict[str, Any], from_recipe: dict[str, Any], recipe: str) -> str:
    if name in given:
        return "flag"
    return f"recipe {recipe_file(recipe).name}" if name in from_recipe else "default"


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {entry.name: flags[entry.name] for entry in fields(TrainConfig) if flags.get(entry.name) is not None}


def _check(entry: Field[Any], value: Any) -> None:
    flag = _flag(entry)
    low, high, choices = (entry.metadata.get(key) for key in ("low", "high", "choices"))
    kind = dict if entry.default is MISSING else type(entry.default)
    fits = isinstance(value, (int, float) if kind is float else kind) and isinstance(value, bool) == (kind is bool)
    if not fits:
        raise FerError(f"{flag} must be of type {kind.__name__}, got {value!r}.")
    if low is not None and not value >= low:
        raise FerError(f"{flag} must be at least {low}, got {value}.")
    if high is not None and not value <= high:
        raise FerError(f"{flag} must be at most {high}, got {value}.")
    if choices and value not in choices:
        raise FerError(f"{flag} must be one of {', '.join(choices)}, got {value}.")


def _flag(entry: Field[Any]) -> str:
    return "--" + entry.name.replace("_", "-")


def _parse_pair(text: str) -> tuple[str, Any]:
    key, separator, value = text.partition("=")
    if not separator:
        raise FerError(f"--model-arg {text}: expected KEY=VALUE.")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def _default(entry: Field[Any]) -> str:
    return "" if entry.default is MISSING else str(entry.default)
