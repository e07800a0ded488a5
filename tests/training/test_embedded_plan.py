"""The plan of the embedded checkpoints: it says how those that lie here were made, and makes only what is missing."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import load_checkpoint, read_config, write_config
from fer_explain.hub.folder import (
    DISTURBED,
    EMBEDDED,
    METRICS,
    PROFILE,
    REGION_PROFILE,
    WEIGHTS,
    list_checkpoints,
)
from fer_explain.hub.quantized import quantize
from training import embedded
from training.compress import is_compressed
from training.distill import fingerprint
from training.embedded import Entry, main, plan, steps, table
from training.lease.plan import PLANS, Training, read_plan
from training.state import FILE

README = Path(__file__).resolve().parents[2] / "README.md"


EMBEDDED_HERE = [name for name, entry in plan().items() if entry.embedded]


def made(folder: Path, *splits: str) -> Path:
    folder.mkdir(parents=True)
    source = json.loads((EMBEDDED / "vgg_compact" / METRICS).read_text())
    source["splits"] = {split: source["splits"][split] for split in splits}
    (folder / METRICS).write_text(json.dumps(source))
    return folder


def leased(name: str) -> Training:
    waves = read_plan(PLANS / "full_size.toml")
    return next(training for wave in waves for training in wave.trainings if training.name == name)


def modules(entry: Entry, output: Path, weights: Path | None = None) -> list[str]:
    return [step[0] for step in steps(entry, "data", weights, output)]


def test_every_embedded_checkpoint_is_planned():
    assert set(EMBEDDED_HERE) == set(list_checkpoints())


@pytest.mark.parametrize("name", EMBEDDED_HERE)
def test_what_lies_here_was_made_by_the_plan(name):
    entry, config = plan()[name], read_config(EMBEDDED / name)
    source = config.provenance
    assert config.architecture == entry.model
    assert source["recipe"] == entry.recipe
    assert source["pretrained"] == (entry.pretrained or False)
    teachers, starts = (list(names) for names in (entry.teachers, entry.starts))
    if entry.lease:
        training = leased(entry.lease)
        teachers, starts = list(training.teachers), [training.start]
    assert [teacher["name"] for teacher in source.get("teachers", [])] == teachers
    planned = {key: getattr(entry.config, key) for key in source["config"]}
    assert source["config"] == planned
    assert [start["name"] for start in source.get("starts", [])] == starts
    assert is_compressed(EMBEDDED / name) == (entry.stored == "int8")
    assert ("interpolation" in source) == entry.interpolated


@pytest.mark.parametrize("name", EMBEDDED_HERE)
def test_what_taught_it_is_what_lies_here(name):
    source = read_config(EMBEDDED / name).provenance
    earlier = [*source.get("starts", []), *source.get("teachers", [])]
    for each in [] if plan()[name].lease else earlier:
        if plan()[each["name"]].embedded:
            assert each["fingerprint"] == fingerprint(load_checkpoint(each["name"])), each["name"]


@pytest.mark.parametrize("name", list(plan()))
def test_what_an_entry_needs_is_made_before_it(name):
    order = list(plan())
    entry = plan()[name]
    assert all(order.index(other) < order.index(name) for other in (*entry.starts, *entry.teachers))


def test_readme_shows_the_table_of_the_folders():
    found = re.search(r"<!-- embedded -->\n(.*?)\n<!-- /embedded -->", README.read_text(), re.S)
    assert found, "README.md has no table below <!-- embedded -->"
    assert found[1] == table(), "README.md: run python -m training.embedded --table"


def test_what_does_not_lie_here_is_made_with_what_needs_it(monkeypatch):
    entries = {
        "first": Entry("first", "vgg_compact", "modern", embedded=False),
        "teacher": Entry("teacher", "vgg_compact", "modern"),
        "second": Entry("second", "vgg_compact", "modern", starts=("first",), teachers=("teacher",), embedded=False),
        "other": Entry("other", "vgg_compact", "modern"),
        "last": Entry("last", "vgg_compact", "modern", starts=("second",), teachers=("first",)),
    }
    monkeypatch.setattr(embedded, "plan", lambda: entries)
    assert embedded.with_what_they_need(["last"]) == ["first", "second", "last"]
    assert embedded.with_what_they_need(["other", "teacher"]) == ["teacher", "other"]


class TestSteps:
    entry = Entry("small", "vgg_compact", "modern", options={"epochs": 3, "compile": False})

    def test_a_new_checkpoint_is_trained_with_its_options(self, tmp_path):
        step = next(steps(self.entry, "data", None, tmp_path))
        assert step[:5] == ["training.run", "--model", "vgg_compact", "--recipe", "modern"]
        assert step[step.index("--epochs") + 1] == "3"
        assert "--no-compile" in step
        assert "--resume" not in step

    def test_an_interrupted_one_goes_on(self, tmp_path):
        (made(tmp_path / "small", "validation") / FILE).touch()
        assert "--resume" in next(steps(self.entry, "data", None, tmp_path))

    def test_what_is_there_is_not_made_again(self, tmp_path):
        folder = made(tmp_path / "small", "validation")
        assert modules(self.entry, tmp_path) == [
            "training.evaluate",
            "training.evaluate",
            "fer_explain.explain.profile",
            "fer_explain.explain.region_profile",
        ]
        (folder / DISTURBED).touch()
        (folder / PROFILE).touch()
        (folder / REGION_PROFILE).touch()
        assert modules(self.entry, tmp_path) == ["training.evaluate"]

    def test_a_finished_one_needs_nothing(self, tmp_path):
        folder = made(tmp_path / "small", "validation", "test")
        (folder / DISTURBED).touch()
        (folder / PROFILE).touch()
        (folder / REGION_PROFILE).touch()
        assert modules(self.entry, tmp_path) == []

    def test_a_teacher_made_beside_it_is_taken(self, tmp_path):
        student = Entry("student", "vgg_compact", "modern", teachers=("small",))
        step = next(steps(student, "data", None, tmp_path))
        assert step[step.index("--teacher") + 1] == "small"
        (tmp_path / "small").mkdir()
        (tmp_path / "small" / "config.json").touch()
        step = next(steps(student, "data", None, tmp_path))
        assert step[step.index("--teacher") + 1] == str(tmp_path / "small")

    def test_weights_are_compressed_before_anything_is_measured_with_them(self, tmp_path):
        entry = Entry("small", "vgg_compact", "modern", stored="int8")
        folder = made(tmp_path / "small", "validation")
        shutil.copy(EMBEDDED / "stn_se_efficientnet_lite0" / WEIGHTS, folder)
        assert modules(entry, tmp_path)[0] == "training.compress"
        save_file(quantize({"weight": torch.ones(2, 64)}), folder / WEIGHTS)
        assert modules(entry, tmp_path)[0] == "training.evaluate"

    def test_what_goes_back_towards_its_start_does_so_before_anything_is_measured(self, tmp_path):
        entry = Entry("small", "vgg_compact", "modern", starts=("earlier",), interpolated=True)
        folder = made(tmp_path / "small", "validation")
        config = read_config(EMBEDDED / "vgg_compact")
        told = {key: value for key, value in config.provenance.items() if key != "interpolation"}
        write_config(folder, replace(config, provenance=told))
        step = next(steps(entry, "data", None, tmp_path))
        assert (step[0], step[step.index("--start") + 1]) == ("training.interpolate", "earlier")
        write_config(folder, replace(config, provenance=told | {"interpolation": {"share": 0.3}}))
        assert modules(entry, tmp_path)[0] == "training.evaluate"

    def test_what_only_teaches_is_trained_and_no_more(self, tmp_path):
        entry = Entry("teacher", "vgg_compact", "modern", embedded=False)
        assert modules(entry, tmp_path) == ["training.run"]
        made(tmp_path / "teacher", "validation")
        assert modules(entry, tmp_path) == []

    def test_earlier_entries_are_gone_on_from(self, tmp_path):
        later = Entry("later", "vgg_compact", "modern", starts=("small", "other"))
        step = next(steps(later, "data", None, tmp_path))
        assert [step[i + 1] for i, word in enumerate(step) if word == "--start"] == ["small", "other"]

    def test_missing_backbone_weights_are_named(self, tmp_path):
        entry = Entry("tuned", "vgg_compact", "finetune", pretrained="backbone.safetensors")
        with pytest.raises(FerError, match=r"starts from backbone\.safetensors.*--weights"):
            next(steps(entry, "data", None, tmp_path))
        (tmp_path / "backbone.safetensors").touch()
        assert str(tmp_path / "backbone.safetensors") in next(steps(entry, "data", tmp_path, tmp_path))


def test_what_a_gpu_made_names_the_commands_that_make_it_again(tmp_path):
    entry = next(entry for entry in plan().values() if entry.lease)
    with pytest.raises(FerError, match=r"python -m training\.lease.*training\.compress and training\.calibrate"):
        next(steps(entry, "data", None, tmp_path))
    made(tmp_path / entry.name, "validation", "test")
    shutil.copy(EMBEDDED / entry.name / WEIGHTS, tmp_path / entry.name)
    assert "training.run" not in modules(entry, tmp_path)


def test_a_failing_step_is_named(tmp_path, capfd):
    for earlier in embedded.with_what_they_need(["vgg_compact"])[:-1]:
        shutil.copy(EMBEDDED / "vgg_compact" / WEIGHTS, made(tmp_path / "out" / earlier, "validation"))
    with pytest.raises(SystemExit) as stop:
        main(["--data", str(tmp_path / "nowhere"), "--output", str(tmp_path / "out"), "--only", "vgg_compact"])
    assert stop.value.code == 2
    assert "python -m training.run failed" in capfd.readouterr().err
