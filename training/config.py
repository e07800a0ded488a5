"""What a run is configured with: one dataclass, filled from its defaults, a recipe file and the command line."""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from fer_explain.errors import FerError

RECIPES = Path(__file__).parent / "recipes"


def _option(default: Any, help_text: str, choices: tuple[str, ...] = (), low: float | None = None) -> Any:
    return field(default=default, metadata={"help": help_text, "choices": choices, "low": low})


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Every option of a recipe. The field's help is the command line's help."""

    epochs: int = _option(30, "passes over the training split", low=1)
    batch_size: int = _option(64, "images per step", low=2)
    lr: float = _option(1e-3, "peak learning rate", low=0)
    stn_lr: float = _option(0.1, "learning rate of the spatial transformer, as a share of the others'", low=0)
    optimizer: str = _option("adamw", "optimiser", ("adamw", "adam", "sgd"))
    weight_decay: float = _option(0.05, "decay of weights, not of biases and norms", low=0)
    momentum: float = _option(0.9, "momentum of sgd", low=0)
    schedule: str = _option("cosine", "learning rate after the warm-up", ("cosine", "constant"))
    warmup: float = _option(0.05, "share of all steps in which the rate climbs from 0", low=0)
    clip: float = _option(1.0, "largest norm of the gradient; 0 = off", low=0)
    label_smoothing: float = _option(0.1, "share of the target spread over all classes", low=0)
    mixup: float = _option(0.0, "alpha of mixup (Zhang et al. 2018); 0 = off", low=0)
    cutmix: float = _option(0.0, "alpha of cutmix (Yun et al. 2019); 0 = off", low=0)
    attention_weight: float = _option(0.0, "lambda of EmoNeXt's self-attention regulariser", low=0)
    ema: float = _option(0.999, "decay of the moving average of the weights; 0 = off", low=0)
    hflip: float = _option(0.5, "probability of a horizontal flip", low=0)
    vflip: float = _option(0.0, "probability of a vertical flip (EmoNeXt's released code has 0.5)", low=0)
    rotate: float = _option(15.0, "largest turn in degrees", low=0)
    zoom: float = _option(0.15, "largest change of scale, as a share", low=0)
    translate: float = _option(0.08, "largest shift, as a share of the side", low=0)
    light: float = _option(0.2, "largest change of brightness and of contrast, as a share", low=0)
    erase: float = _option(0.25, "probability that a rectangle is erased", low=0)
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
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
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


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds a flag per field of :class:`TrainConfig`; a flag not given leaves the recipe's value."""
    group = parser.add_argument_group("options of the recipe (default: the recipe's value)")
    for entry in fields(TrainConfig):
        flag = "--" + entry.name.replace("_", "-")
        text = f"{entry.metadata['help']} [{_default(entry)}]".replace("%", "%%")
        if entry.name == "model_args":
            group.add_argument("--model-arg", dest="model_args", action="append", metavar="KEY=VALUE", help=text)
        elif isinstance(entry.default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            kind = type(entry.default)
            group.add_argument(flag, type=kind, default=None, help=text, choices=entry.metadata["choices"] or None)


def resolve(recipe: str, flags: dict[str, Any]) -> TrainConfig:
    """Defaults, overridden by the recipe, overridden by the flags that were given.

    Raises:
        FerError: an unknown recipe, or a value out of range; the sentence names the flag.
    """
    values = read_recipe(recipe)
    given = {entry.name: flags[entry.name] for entry in fields(TrainConfig) if flags.get(entry.name) is not None}
    if "model_args" in given:
        given["model_args"] = values.get("model_args", {}) | dict(map(_parse_pair, given["model_args"]))
    config = TrainConfig(**(values | given))
    for entry in fields(TrainConfig):
        _check(entry, getattr(config, entry.name))
    return config


def _check(entry: Field[Any], value: Any) -> None:
    flag = "--" + entry.name.replace("_", "-")
    low, choices = entry.metadata.get("low"), entry.metadata.get("choices")
    if low is not None and not value >= low:
        raise FerError(f"{flag} must be at least {low}, got {value}.")
    if choices and value not in choices:
        raise FerError(f"{flag} must be one of {', '.join(choices)}, got {value}.")


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
