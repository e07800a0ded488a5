"""The validation statistics: computed on a tiny network whose window and gates are known, written, read, refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_networks import SIZE, TinyNet, set_theta

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.explain.base import observe
from fer_explain.explain.profile import READINGS, main, profile_checkpoint, read_profile, readings
from fer_explain.faces.dataset import LabelledFaces
from fer_explain.faces.preprocess import to_batch
from fer_explain.hub.checkpoint import Checkpoint, CheckpointConfig
from fer_explain.hub.folder import EMBEDDED, PROFILE, WEIGHTS, list_checkpoints
from fer_explain.types import InputSpec, Pose, Warp

POSE = Pose(12.0, (0.8, 0.9), 5.0, (0.1, -0.05))


@pytest.fixture
def faces_48() -> LabelledFaces:
    rng = np.random.default_rng(0)
    images = (rng.random((70, 48, 48)) * rng.uniform(20, 256, (70, 1, 1))).astype(np.uint8)
    return LabelledFaces("drawn", "validation", images, np.arange(70) % 7, np.arange(70))


@pytest.fixture
def checkpoint(tiny: TinyNet, faces_48: LabelledFaces, tmp_path: Path) -> Checkpoint:
    set_theta(tiny, POSE.theta.tolist())
    with torch.no_grad():  # so that not every face gets the same class
        tiny.fc.bias.sub_(tiny(to_batch(faces_48.images, InputSpec(SIZE))).mean(0))
    (tmp_path / WEIGHTS).write_bytes(b"weights")
    return Checkpoint("tiny", tmp_path, CheckpointConfig("tiny", LABELS, InputSpec(SIZE)), {}, tiny)


def test_readings_are_those_of_the_window(checkpoint: Checkpoint, faces_48: LabelledFaces):
    profile = profile_checkpoint(checkpoint, faces_48)
    expected = readings(Warp(POSE.theta, np.zeros((0, 0, 3), np.uint8)), SIZE)
    assert expected["right"] == pytest.approx(0.1 * SIZE)
    for habits in profile.classes.values():
        assert set(habits.readings) == set(READINGS)
        for name, spread in habits.readings.items():
            assert spread == pytest.approx([expected[name]] * 5, abs=1e-3)


def test_gates_are_summed_up_by_predicted_class(checkpoint: Checkpoint, faces_48: LabelledFaces):
    profile = profile_checkpoint(checkpoint, faces_48)
    told = observe(checkpoint.model, to_batch(faces_48.images, checkpoint.config.input))
    predicted = told.logits.argmax(1).numpy()
    assert len(profile.classes) > 1
    assert profile.n == sum(habits.n for habits in profile.classes.values()) == 70
    for layer, gate in told.trace.channel_gates.items():
        for label, habits in profile.classes.items():
            own = gate.values.numpy()[predicted == LABELS.index(label)]
            np.testing.assert_allclose(habits.gates[layer].mean, own.mean(0), atol=1e-4)
            np.testing.assert_allclose(habits.gates[layer].std, own.std(0), atol=1e-4)


def test_what_is_written_is_read_again_until_the_weights_change(checkpoint: Checkpoint, faces_48: LabelledFaces):
    profile = profile_checkpoint(checkpoint, faces_48)
    folder = checkpoint.folder
    assert read_profile(folder) is None
    (folder / PROFILE).write_text(profile.to_json())
    assert read_profile(folder) == profile
    (folder / WEIGHTS).write_bytes(b"other weights")
    assert read_profile(folder) is None


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"classes": {"happy": {}}}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str):
    (tmp_path / WEIGHTS).write_bytes(b"weights")
    (tmp_path / PROFILE).write_text(content)
    with pytest.raises(FerError, match=r"profile\.json is not a profile"):
        read_profile(tmp_path)


def test_a_network_without_window_and_gates_has_an_empty_profile(checkpoint: Checkpoint, faces_48: LabelledFaces):
    from torch import nn

    plain = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE * SIZE, 7)).eval()
    bare = Checkpoint("bare", checkpoint.folder, checkpoint.config, {}, plain)
    for habits in profile_checkpoint(bare, faces_48).classes.values():
        assert habits.readings == habits.gates == {}


@pytest.mark.parametrize("name", list_checkpoints())
def test_the_embedded_profiles_are_of_the_embedded_weights(name: str):
    profile = read_profile(EMBEDDED / name)
    assert profile is not None, "run python -m fer_explain.explain.profile again"
    assert (profile.split, profile.n) == ("validation", 3589)
    channels = sum(len(usual.mean) for habits in profile.classes.values() for usual in habits.gates.values())
    assert (EMBEDDED / name / PROFILE).stat().st_size < 4_000 + 16 * channels  # mean and deviation, some digits of each
    assert sum(habits.n for habits in profile.classes.values()) == 3589


def test_the_embedded_profile_agrees_with_the_saved_predictions():
    import pandas as pd

    for name in list_checkpoints():
        saved = pd.read_parquet(EMBEDDED / name / "predictions" / "validation.parquet")
        predicted = saved.filter(like="logit_").to_numpy().argmax(1)
        classes = json.loads((EMBEDDED / name / PROFILE).read_text())["classes"]
        # Half-precision weights and another batch size may move a face that was on the fence.
        for index, label in enumerate(LABELS):
            assert abs(classes.get(label, {"n": 0})["n"] - (predicted == index).sum()) <= 5, (name, label)


def test_a_bad_flag_ends_in_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    with pytest.raises(SystemExit) as ended:
        main(["--checkpoint", list_checkpoints()[0], "--data", str(tmp_path)])
    assert ended.value.code == 2
    assert "holds no validation split" in capsys.readouterr().err
