"""Study files: those of the repository, what a grid comes to, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_explain.errors import FerError
from fer_explain.models import create_model
from training.config import resolve
from training.flags import make_parser
from training.study.plan import Study
from training.study.toml_file import Overrides, list_studies, read_study

GRID = """
model = "sequential_cnn_compact"
seeds = 2
[options]
epochs = 3
[factors.dropout]
"dropout" = {}
"no dropout" = { model_args = { dropout = 0.0 } }
[factors.norm]
"norm" = {}
"no norm" = { model_args = { batch_norm = false }, lr = 1e-4, decay_all = true }
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def read(tmp_path: Path, text: str, **overrides: object) -> Study:
    return read_study(written(tmp_path, text), Overrides(**overrides))  # type: ignore[arg-type]


def test_a_grid_is_every_level_with_every_other(tmp_path: Path) -> None:
    study = read(tmp_path, GRID)
    assert [variant.name for variant in study.variants] == [
        "dropout + norm",
        "dropout + no norm",
        "no dropout + norm",
        "no dropout + no norm",
    ]
    assert study.variants[3].levels == {"dropout": "no dropout", "norm": "no norm"}
    assert study.variants[3].options["model_args"] == {"dropout": 0.0, "batch_norm": False}
    assert study.variants[0].recipe == "compact"
    assert len(study.runs) == 8
    assert [run.name for run in study.runs[3:5]] == ["no_dropout_no_norm-seed0", "dropout_norm-seed1"]


def test_folds_and_seeds_multiply(tmp_path: Path) -> None:
    study = read(tmp_path, GRID, folds=3, seeds=1)
    assert len(study.runs) == 12
    assert study.runs[-1].name == "no_dropout_no_norm-seed0-fold2"
    assert study.runs[-1].flags[-2:] == ["--fold", "2"]


def test_flags_are_understood_by_training_run_as_they_were_meant(tmp_path: Path) -> None:
    run = read(tmp_path, GRID).runs[7]
    options = make_parser("").parse_args(run.flags)
    config = resolve("compact", vars(options))
    assert (config.epochs, config.lr, config.decay_all, config.seed) == (3, 1e-4, True, 1)
    assert config.model_args == {"dropout": 0.0, "batch_norm": False}


def test_the_command_line_changes_a_study_but_not_what_it_varies(tmp_path: Path) -> None:
    assert read(tmp_path, GRID, options={"epochs": 9}).variants[1].options["epochs"] == 9
    with pytest.raises(FerError, match="--epochs: study mine varies it"):
        read(tmp_path, GRID + '"few" = { epochs = 1 }\n', options={"epochs": 9})


def test_how_many_sources_a_run_learns_from_is_no_flag_of_it(tmp_path: Path) -> None:
    study = read(tmp_path, GRID.replace('"norm" = {}', '"norm" = { sources = 1 }'))
    assert [run.sources for run in study.runs[:4]] == [1, None, 1, None]
    assert not any("sources" in flag for run in study.runs for flag in run.flags)


@pytest.mark.parametrize("name", list_studies())
def test_every_study_of_the_repository_builds_its_networks(name: str) -> None:
    study = read_study(name)
    assert study.description.endswith((".", "?"))
    for variant in study.variants:
        options = make_parser("").parse_args(study.runs[study.variants.index(variant)].flags)
        assert options.model == variant.model
        config = resolve(variant.recipe, vars(options))
        create_model(variant.model, pretrained=False, **config.model_args)


def test_the_studies_of_the_issue_are_there() -> None:
    assert set(list_studies()) >= {"no_sa", "se", "stn", "sequential_cnn", "augmentation", "cross_validation"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model = ", "not valid TOML"),
        ('model = "vgg_compact"\n', "at least one factor"),
        ('[factors.a]\n"x" = {}\n', "factor 'a' needs at least two levels"),
        ('[factors.a]\n"x" = {}\n"y" = 3\n', "a level of factor 'a' is a table"),
        ('[factors.a]\n"x" = {}\n"y" = {}\n', "variant 'x': no model is named"),
        (GRID.replace("epochs = 3", "model_args = 3"), "model_args must be a table"),
        (GRID.replace("{ model_args = { dropout = 0.0 } }", "{ model_args = 3 }"), "model_args must be a table"),
        ("options = 3\n", "options must be a table"),
        (GRID.replace("epochs = 3", "epoch = 3"), "there is no option 'epoch'"),
        (GRID.replace("epochs = 3", "seed = 3"), "there is no option 'seed'"),
        (GRID.replace("epochs = 3", "epochs = 0"), "--epochs must be at least 1"),
        (GRID.replace("epochs = 3", 'epochs = "3"'), "--epochs must be of type int"),
        (GRID.replace("sequential_cnn_compact", "sequential"), "sequential_cnn"),
        (GRID.replace("seeds = 2", "seeds = 0"), "seeds must be a whole number from 1 on, got 0"),
        (GRID.replace("seeds = 2", "folds = 1"), "folds must be 0, or at least 2"),
        (GRID.replace("seeds = 2", "sedes = 2"), "no entry 'sedes'"),
        (GRID.replace('"no norm"', '"norm!"'), "two variants are called alike"),
        (GRID.replace("epochs = 3", "sources = 0"), "sources must be a whole number from 1 on, got 0"),
        (GRID.replace("epochs = 3", "sources = true"), "sources must be a whole number from 1 on, got True"),
        (GRID.replace("seeds = 2", 'measures = "sources"'), "measures must be a list of sources, ferplus, disturbed"),
        (GRID.replace("seeds = 2", 'measures = ["test"]'), r"each at most once; got \['test'\]"),
        (GRID.replace("seeds = 2", 'measures = ["ferplus", "ferplus"]'), "each at most once"),
        (GRID.replace("seeds = 2", 'measures = ["ferplus"]\nfolds = 2'), "a cross-validation is judged on its folds"),
    ],
)
def test_a_bad_study_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(FerError, match=sentence) as error:
        read(tmp_path, text)
    assert "\n" not in str(error.value)


def test_an_unknown_study_names_those_there_are() -> None:
    with pytest.raises(FerError, match=r"There is no study 'no_such'; choose .*no_sa"):
        read_study("no_such")
