"""Training for real on a small learnable set: it learns, it resumes bit for bit, it ends in a whole checkpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from accelerate.state import AcceleratorState

from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import load_checkpoint, read_config
from fer_explain.hub.remote import FILES
from training import evaluate, run
from training.config import TrainConfig
from training.data import ImageForm, load_split
from training.engine import learning_rate, predict
from training.state import FILE, RunState

MODEL = "convnext_nano"
FAST = ["--model", MODEL, "--batch-size", "14", "--lr", "2e-3", "--rotate", "0", "--hflip", "0", "--erase", "0"]


def arguments(csv_file: Path, output: Path, *more: str) -> list[str]:
    return [*FAST, "--data", str(csv_file), "--output", str(output), *more]


@pytest.fixture(autouse=True)
def fresh_accelerate() -> None:
    """Accelerate keeps its precision per process; a command line starts with a new one."""
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module")
def trained(csv_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "squares"
    run.main(arguments(csv_file, folder, "--epochs", "6"))
    return folder


def test_it_learns_and_leaves_a_whole_checkpoint(trained: Path, csv_file: Path) -> None:
    history = pd.read_csv(trained / "history.csv")
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0] - 0.1
    config = read_config(trained)
    best = history["validation_accuracy"].idxmax()
    assert config.provenance["epochs"] == history["epoch"][best]
    assert config.provenance["selected_on"] == "validation"
    assert not (trained / FILE).exists()
    evaluate.main(["--checkpoint", str(trained), "--data", str(csv_file), "--split", "test"])
    assert {str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file()} == set(FILES)
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["splits"]["test"]["n"] == metrics["splits"]["validation"]["n"] == 14
    assert metrics["temperature"] == load_checkpoint(trained).config.temperature > 0


def test_saved_predictions_are_the_checkpoints(trained: Path, csv_file: Path) -> None:
    table = pd.read_parquet(trained / "predictions" / "validation.parquet")
    checkpoint = load_checkpoint(trained)
    faces = load_split(str(csv_file), "validation", ImageForm())
    assert table["row"].tolist() == faces.rows.tolist()
    logits = torch.tensor(table.filter(like="logit_").to_numpy())
    torch.testing.assert_close(logits, predict(checkpoint.model, faces, checkpoint.config.input))


def test_a_finished_folder_is_not_overwritten(
    trained: Path, csv_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(arguments(csv_file, trained))
    assert stop.value.code == 2
    assert "already holds a checkpoint" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_and_resumed_equals_uninterrupted(csv_file: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "training.run"]

    def start(output: Path, *more: str) -> subprocess.Popen[str]:
        options = arguments(csv_file, output, "--epochs", "4", *more)
        return subprocess.Popen([*command, *options], env=environment, stdout=subprocess.PIPE, text=True)

    assert start(whole).wait() == 0
    victim = start(broken)
    deadline = time.monotonic() + 120
    while not (broken / FILE).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert (broken / FILE).exists()
    assert 1 <= torch.load(broken / FILE, weights_only=True)["epoch"] < 4, "it was to be killed in the middle"
    assert start(broken, "--resume").wait() == 0
    assert (broken / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    histories = [pd.read_csv(folder / "history.csv").drop(columns="seconds") for folder in (broken, whole)]
    pd.testing.assert_frame_equal(*histories)


def test_resume_refuses_what_it_cannot_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="start without --resume"):
        RunState.load(tmp_path, "abc")
    (tmp_path / FILE).write_bytes(b"damaged")
    with pytest.raises(FerError, match="not a readable training state"):
        RunState.load(tmp_path, "abc")
    RunState("abc", epoch=1).save(tmp_path)
    assert RunState.load(tmp_path, "abc").epoch == 1
    with pytest.raises(FerError, match="other options or data"):
        RunState.load(tmp_path, "abcd")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--model", "emonext_tyni"], "did you mean"),
        (["--batch-size", "500"], "larger than the training split"),
        (["--recipe", "nope"], "there is no such recipe"),
        (["--pretrained", "none.safetensors"], "not a readable safetensors file"),
        (["--model-arg", "widths=3"], "has no option"),
    ],
)
def test_bad_input_is_one_sentence(
    csv_file: Path, tmp_path: Path, flags: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(arguments(csv_file, tmp_path / "out", *flags))
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert sentence in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_an_unknown_flag_is_named(csv_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(arguments(csv_file, tmp_path, "--learning-rte", "1"))
    assert stop.value.code == 2
    assert "--learning-rte" in capsys.readouterr().err


def test_a_loss_that_is_lost_keeps_the_last_good_checkpoint(csv_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "lost"
    with pytest.raises(SystemExit):
        run.main(arguments(csv_file, output, "--epochs", "2", "--lr", "1e30", "--clip", "0"))
    assert not list(output.glob(".*.tmp"))


def test_the_learning_rate_climbs_then_falls() -> None:
    config = TrainConfig(lr=1.0, warmup=0.1)
    assert learning_rate(0.05, config) == pytest.approx(0.5)
    assert learning_rate(0.1, config) == pytest.approx(1.0)
    assert learning_rate(0.55, config) == pytest.approx(0.5)
    assert learning_rate(1.0, config) == pytest.approx(0.0)
    assert learning_rate(0.9, TrainConfig(lr=1.0, warmup=0.1, schedule="constant")) == 1.0


@pytest.mark.parametrize(
    "options", [["--precision", "bf16"], ["--mixup", "0.3", "--cutmix", "1"], ["--optimizer", "sgd", "--ema", "0"]]
)
def test_options_run_one_epoch(csv_file: Path, tmp_path: Path, options: list[str]) -> None:
    run.main(arguments(csv_file, tmp_path / "out", "--epochs", "1", "--model", "emonext_nano", *options))
    assert (tmp_path / "out" / "README.md").exists()
