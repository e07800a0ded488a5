from __future__ import annotations

import argparse
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from fer_explain.errors import FerError
from fer_explain.models import architecture, list_models
from training.config import TrainConfig, add_options, describe, list_recipes, read_recipe, resolve


@pytest.mark.parametrize("name", list_recipes())
def test_every_recipe_resolves(name: str) -> None:
    config = resolve(name, {})
    for option, value in read_recipe(name).items():
        assert getattr(config, option) == value


@pytest.mark.parametrize("name", list_models())
def test_every_network_names_a_recipe_there_is(name: str) -> None:
    assert architecture(name).recipe in list_recipes()


def test_flags_win_over_the_recipe_and_the_recipe_over_defaults(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text("epochs = 3\nlr = 0.5\n[model_args]\nse_placement = 'stage'\n")
    parser = argparse.ArgumentParser()
    add_options(parser)
    flags = vars(
        parser.parse_args(["--lr", "0.25", "--model-arg", "se_placement=downsample", "--model-arg", "drop_path=0.2"])
    )
    config = resolve(str(recipe), flags)
    assert (config.epochs, config.lr, config.batch_size) == (3, 0.25, TrainConfig().batch_size)
    assert config.model_args == {"se_placement": "downsample", "drop_path": 0.2}


def test_every_option_has_help_and_a_flag() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    text = parser.format_help()
    for entry in fields(TrainConfig):
        assert entry.metadata["help"]
        assert f"--{entry.name.replace('_', '-').removesuffix('s')}" in text


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"epochs": 0}, "--epochs must be at least 1, got 0"),
        ({"label_smoothing": -0.1}, "--label-smoothing must be at least 0"),
        ({"hflip": 1.5}, "--hflip must be at most 1, got 1.5"),
        ({"epochs": 2.5}, "--epochs must be of type int, got 2.5"),
        ({"optimizer": "lion"}, "--optimizer must be one of adamw"),
        ({"model_args": ["oops"]}, "--model-arg oops: expected KEY=VALUE"),
    ],
)
def test_a_bad_value_names_its_flag(flags: dict[str, object], sentence: str) -> None:
    with pytest.raises(FerError, match=sentence):
        resolve("modern", flags)


def test_bad_recipes_are_one_sentence(tmp_path: Path) -> None:
    unknown, damaged = tmp_path / "a.toml", tmp_path / "b.toml"
    unknown.write_text("epoch = 3")
    damaged.write_text("epochs = = 3")
    for name, sentence in (
        ("nope", "choose compact"),
        (str(unknown), "no option 'epoch'"),
        (str(damaged), "not valid TOML"),
    ):
        with pytest.raises(FerError, match=sentence):
            resolve(name, {})


def test_print_config_says_where_each_value_came_from_and_is_a_recipe_itself(tmp_path: Path) -> None:
    flags = {"lr": 0.25, "model_args": ["drop_path=0.2"]}
    text = describe("emonext", flags)
    origin = {line.split(" = ")[0]: line.split("# ")[1] for line in text.splitlines() if " = " in line}
    assert origin["lr"] == origin["drop_path"] == "flag"
    assert origin["schedule"] == origin["se_placement"] == "recipe emonext.toml"
    assert origin["momentum"] == "default"
    assert origin.keys() >= {entry.name for entry in fields(TrainConfig)} - {"model_args"}
    recipe = tmp_path / "again.toml"
    recipe.write_text(text)
    assert resolve(str(recipe), {}) == resolve("emonext", flags)
    assert tomllib.loads(text)["model_args"]["drop_path"] == 0.2


# Each thing in which EmoNeXt's paper and its released code differ is an option of its own.
DISCREPANCIES = (
    *("lr", "schedule", "decay_all", "clip_scaled", "label_smoothing", "ema", "validate_on", "keep"),
    *("validation_crop", "views", "normalization", "vflip", "crop", "border", "precision", "patience", "model_args"),
)


@pytest.mark.parametrize("option", DISCREPANCIES)
def test_emonexts_paper_and_code_differ_by_named_options(option: str) -> None:
    paper, code = resolve("emonext_paper", {}), resolve("emonext", {})
    assert getattr(paper, option) != getattr(code, option)
