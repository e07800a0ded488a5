"""Checkpoint folders: what is written comes back, what is damaged is refused with the file's name and the reason."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.hub import folder as folder_module
from fer_explain.hub.checkpoint import (
    CheckpointConfig,
    load_checkpoint,
    read_config,
    read_metrics,
    save_checkpoint,
    set_temperature,
    write_config,
)
from fer_explain.hub.folder import CONFIG, DEFAULT, METRICS, WEIGHTS, list_checkpoints
from fer_explain.hub.reference import find_folder
from fer_explain.models import create_model
from fer_explain.types import InputSpec

ARCHITECTURE = "convnext_nano"
CFG = CheckpointConfig(
    ARCHITECTURE, LABELS, InputSpec(48, 3), temperature=1.5, provenance={"epochs": 2, "versions": {"torch": "2"}}
)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return create_model(ARCHITECTURE).eval()


@pytest.fixture
def folder(tmp_path, network) -> Path:
    """A sound checkpoint folder."""
    path = tmp_path / "sound"
    save_checkpoint(path, network, CFG)
    return path


def _edit(folder: Path, **changes: object) -> None:
    """Changes entries of config.json; None removes one."""
    entries = json.loads((folder / CONFIG).read_text()) | changes
    (folder / CONFIG).write_text(json.dumps({key: value for key, value in entries.items() if value is not None}))


def _refusal(folder: Path, file: str) -> str:
    """The sentence with which the folder is refused; it must name the file and be one line."""
    with pytest.raises(FerError) as refused:
        load_checkpoint(folder)
    sentence = str(refused.value)
    assert str(folder / file) in sentence
    assert "\n" not in sentence
    return sentence


def test_what_is_saved_comes_back(folder, network):
    loaded = load_checkpoint(folder)
    assert (loaded.name, loaded.folder, loaded.config, loaded.metrics) == ("sound", folder, CFG, {})
    assert not loaded.model.training
    assert {weight.dtype for weight in loaded.model.state_dict().values() if weight.is_floating_point()} == {
        torch.float32
    }
    x = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model(x), network(x), atol=5e-3, rtol=0)  # stored as fp16


def test_weights_are_stored_in_half_precision_and_nothing_else_is_left(folder):
    dtypes = {weight.dtype for weight in load_file(folder / WEIGHTS).values()}
    assert dtypes <= {torch.float16, torch.int64}
    assert {path.name for path in folder.iterdir()} == {CONFIG, WEIGHTS}


def test_eight_bits_halve_the_file_and_hardly_change_what_it_says(folder, network, tmp_path):
    small = tmp_path / "small"
    save_checkpoint(small, network, CFG, torch.int8)
    assert (small / WEIGHTS).stat().st_size < 0.55 * (folder / WEIGHTS).stat().st_size
    x = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(load_checkpoint(small).model(x), network(x), atol=2e-2, rtol=0)
    weights = load_file(small / WEIGHTS)
    del weights["backbone.head.fc.weight.scale"]
    save_file(weights, small / WEIGHTS)
    assert "'backbone.head.fc.weight.scale' should have one value for each of the 7 channels" in _refusal(
        small, WEIGHTS
    )


def test_a_new_temperature_changes_nothing_else(folder):
    assert set_temperature(folder, 2.0) == replace(CFG, temperature=2.0) == read_config(folder)


def test_trained_means_epochs():
    assert CFG.trained
    assert not replace(CFG, provenance={}).trained


def test_found_by_relative_path(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert load_checkpoint(".").name == "sound"


@pytest.mark.parametrize("file", [CONFIG, WEIGHTS])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    assert _refusal(folder, file).endswith("is missing.")


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, 0.999])
def test_truncated_weights(folder, keep):
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: keep if isinstance(keep, int) else int(keep * len(data))])
    assert "not a readable safetensors file" in _refusal(folder, WEIGHTS)


def test_a_pickle_under_the_name_of_the_weights_is_never_executed(folder, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    (folder / WEIGHTS).write_bytes(pickle.dumps(Bomb()))
    assert "not a readable safetensors file" in _refusal(folder, WEIGHTS)
    torch.save({"weight": torch.ones(3)}, folder / WEIGHTS)
    assert "not a readable safetensors file" in _refusal(folder, WEIGHTS)
    assert not (tmp_path / "executed").exists()


def test_weights_of_the_wrong_shape(folder):
    weights = load_file(folder / WEIGHTS)
    key = "backbone.head.fc.weight"
    weights[key] = weights[key][:5]
    save_file(weights, folder / WEIGHTS)
    sentence = _refusal(folder, WEIGHTS)
    assert f"'{key}' should be (7, " in sentence
    assert "is (5, " in sentence


@pytest.mark.parametrize("change", ["missing", "additional"])
def test_weights_of_another_network(folder, change):
    weights = load_file(folder / WEIGHTS)
    if change == "missing":
        del weights["backbone.head.fc.bias"]
    else:
        weights["backbone.other.bias"] = torch.zeros(1)
    save_file(weights, folder / WEIGHTS)
    assert "does not fit its architecture" in _refusal(folder, WEIGHTS)


def test_weights_that_are_not_numbers(folder):
    weights = load_file(folder / WEIGHTS)
    weights["backbone.head.fc.bias"] = torch.full((7,), torch.nan, dtype=torch.float16)
    save_file(weights, folder / WEIGHTS)
    assert "'backbone.head.fc.bias' holds NaN or infinite values" in _refusal(folder, WEIGHTS)


def test_another_number_of_classes(folder):
    _edit(folder, label_names=["yes", "no"])
    assert "should be (2," in _refusal(folder, WEIGHTS)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "\x00\xff"])
def test_a_configuration_that_is_no_json_object(folder, text):
    (folder / CONFIG).write_text(text, encoding="latin-1")
    assert "JSON" in _refusal(folder, CONFIG)


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": None},
        {"architecture": 3},
        {"label_names": None},
        {"label_names": ["one"]},
        {"label_names": "happy"},
        {"label_names": [1, 2]},
        {"label_names": ["same"] * 7},
        {"input": None},
        {"input": []},
        {"input": {"size": 48}},
        {"input": {"size": 4, "mean": [0.5] * 3, "std": [0.5] * 3}},
        {"input": {"size": "48", "mean": [0.5] * 3, "std": [0.5] * 3}},
        {"input": {"size": 48, "mean": ["a"] * 3, "std": [0.5] * 3}},
        {"input": {"size": 48, "mean": [0.5], "std": [0.5]}},
        {"input": {"size": 48, "mean": [0.5] * 3, "std": [0.0] * 3}},
        {"input": {"size": 48, "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "magic"}},
        {"temperature": 0},
        {"temperature": -1},
        {"temperature": "1.5"},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"model_args": []},
        {"provenance": "me"},
        {"unheard_of": 1},
    ],
    ids=str,
)
def test_a_configuration_with_a_wrong_field(folder, changes):
    _edit(folder, **changes)
    assert "not a checkpoint's configuration" in _refusal(folder, CONFIG)


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": "resnet_of_nobody"},
        {"architecture": "stn_se_hf-hub:someone/model"},
        {"model_args": {"unheard_of": 1}},
        {"model_args": {"se_placement": "everywhere"}},
        {"model_args": {"pretrained": True}},
        {"model_args": {"num_classes": 3}},
        {"architecture": "stn_se_resnet18", "model_args": {"checkpoint_path": "weights.pth"}},
        {"architecture": "stn_se_resnet18", "model_args": {"pretrained_cfg": {"file": "weights.pth"}}},
    ],
    ids=str,
)
def test_a_network_that_is_not_ours_to_build(folder, changes):
    _edit(folder, **changes)
    _refusal(folder, CONFIG)


def test_damaged_metrics_are_named(folder):
    (folder / METRICS).write_text("{")
    assert "JSON" in _refusal(folder, METRICS)
    (folder / METRICS).write_text('{"splits": {}}')
    assert read_metrics(folder) == {"splits": {}}


def test_an_unknown_reference_names_what_there_is(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_module, "EMBEDDED", tmp_path)
    with pytest.raises(FerError, match=r"no checkpoint 'nothing'.*org/repo\[@revision\]"):
        find_folder("nothing")
    with pytest.raises(FerError, match="no checkpoint"):
        find_folder("../../etc/passwd")


def test_embedded_checkpoints_are_listed_default_first(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_module, "EMBEDDED", tmp_path)
    for name in ("a", DEFAULT, "z"):
        write_config(tmp_path / name, CFG)
    (tmp_path / "no_checkpoint").mkdir()
    assert list_checkpoints() == [DEFAULT, "a", "z"]
    assert find_folder("z") == tmp_path / "z"


def test_weights_that_cannot_be_written(tmp_path, network):
    (tmp_path / "file").touch()
    with pytest.raises(FerError, match="could not be written"):
        save_checkpoint(tmp_path / "file", network, CFG)


def test_every_file_has_the_permissions_of_a_new_file(folder):
    usual = folder / "usual"
    usual.touch()
    assert {path.stat().st_mode for path in folder.iterdir()} == {usual.stat().st_mode}


def test_a_checkpoint_is_admitted_without_torch(folder):
    code = (
        "import sys; from fer_explain.analyzer import Analyzer; names = Analyzer([sys.argv[1]]).models\n"
        "print(names[-1], 'torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code, folder], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [folder.name, "False"]
