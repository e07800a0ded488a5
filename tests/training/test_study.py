"""The study command: a real small study from file to report, killed and resumed; a failing run; folds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from fer_explain.hub.folder import METRICS, WEIGHTS
from training.state import FILE
from training.study import __main__ as study
from training.study.table import METRICS as COLUMNS

ROOT = Path(__file__).parents[2]
TOML = """
description = "Does dropout help on squares?"
model = "sequential_cnn_compact"
[options]
epochs = 1
batch_size = 14
[factors.dropout]
"dropout" = {}
"no dropout" = { model_args = { dropout = 0.0 } }
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "squares.toml"
    path.write_text(TOML)
    return path


def test_a_study_ends_in_a_tidy_table_and_a_report_in_words(
    toml: Path, csv_file: Path, tmp_path: Path, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    arguments = [str(toml), "--data", str(csv_file), "--output", str(output)]
    study.main([*arguments, "--seeds", "2"])
    assert len(calls) == 4
    table = pd.read_csv(output / "table.csv")
    assert len(table) == 4
    assert set(table["variant"]) == {"dropout", "no dropout"}
    assert set(table["split"]) == {"validation"}
    assert table["fold"].isna().all()
    saved = json.loads((output / "runs" / "no_dropout-seed1" / METRICS).read_text())["splits"]["validation"]
    row = table.query("variant == 'no dropout' and seed == 1").iloc[0]
    assert [row[name] for name in COLUMNS] == pytest.approx([saved[name] for name in COLUMNS], rel=1e-4)
    assert (row["n"], row["epochs"], row["fingerprint"].isalnum()) == (14, 1, True)
    assert pd.read_parquet(output / "table.parquet")["accuracy"].tolist() == pytest.approx(
        table["accuracy"].tolist(), rel=1e-4
    )
    printed = capsys.readouterr().out
    sentence = pd.read_csv(output / "differences.csv")["sentence"][0]
    assert "between no dropout and dropout" in sentence or "is better than" in sentence
    page = (output / "report.html").read_text()
    assert sentence in printed
    assert sentence in (output / "README.md").read_text()
    assert sentence in page
    assert "plotly" in page
    assert "src=" not in page.split("<body>")[1], "the page must open without a network"

    study.main([*arguments, "--seeds", "3"])
    assert calls[4:] == ["dropout-seed2", "no_dropout-seed2"], "finished runs are kept"
    assert len(pd.read_csv(output / "table.csv")) == 6
    assert "3 seeds" in pd.read_csv(output / "differences.csv")["sentence"][0]

    with pytest.raises(SystemExit):
        study.main([*arguments, "--epochs", "2"])
    assert "run dropout-seed0 began there with other options" in capsys.readouterr().err


def test_a_failing_run_is_one_sentence_and_the_others_are_reported(
    toml: Path, csv_file: Path, tmp_path: Path, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    toml.write_text(TOML + '"too much" = { model_args = { dropout = 0.9 } }\n')
    output = tmp_path / "out"
    with pytest.raises(SystemExit) as stop:
        study.main([str(toml), "--data", str(csv_file), "--output", str(output), "--seeds", "1"])
    assert stop.value.code == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1] == "error: 1 of 3 runs failed; the report is on the others. Repeat the command."
    assert len(pd.read_csv(output / "table.csv")) == 2
    report = (output / "README.md").read_text()
    assert "Run too_much-seed0 failed: " in report
    assert "2 of 3 runs are finished" in report


def test_folds_are_pooled_and_never_split_duplicates(toml: Path, tmp_path: Path, calls: list[str]) -> None:
    rng = np.random.default_rng(0)
    images = [" ".join(map(str, rng.integers(0, 256, 48 * 48))) for _ in range(21)]
    twice = pd.DataFrame({"emotion": [*range(7)] * 6, "pixels": images * 2, "Usage": "Training"})
    twice.to_csv(tmp_path / "noise.csv", index=False)
    output = tmp_path / "out"
    arguments = [str(toml), "--data", str(tmp_path / "noise.csv"), "--output", str(output)]
    study.main([*arguments, "--folds", "2", "--seeds", "1"])
    assert len(calls) == 4
    table = pd.read_csv(output / "table.csv")
    assert sorted(table["fold"]) == [0, 0, 1, 1]
    variants = pd.read_csv(output / "variants.csv").set_index("variant")
    assert set(variants["n"]) == {42}, "each training image was judged once"
    of_one = table[table["variant"] == "dropout"]
    pooled = (of_one["accuracy"] * of_one["n"]).sum() / 42
    assert variants.loc["dropout", "accuracy"] == pytest.approx(pooled, abs=1e-5)
    folds = pd.read_csv(output / "folds.csv").set_index("row")["fold"]
    assert folds.to_numpy()[:21].tolist() == folds.to_numpy()[21:].tolist()
    rows = pd.read_parquet(output / "runs" / "dropout-seed0-fold1" / "predictions" / "validation.parquet")["row"]
    assert (folds[rows] == 1).all()


def test_the_test_split_is_measured_once_it_is_asked_for(
    toml: Path, csv_file: Path, tmp_path: Path, calls: list[str]
) -> None:
    output = tmp_path / "out"
    arguments = [str(toml), "--data", str(csv_file), "--output", str(output), "--seeds", "1"]
    study.main(arguments)
    weights = output / "runs" / "dropout-seed0" / WEIGHTS
    before = weights.stat().st_mtime_ns
    study.main([*arguments, "--test"])
    table = pd.read_csv(output / "table.csv")
    assert set(table["split"]) >= {"validation", "test"}
    assert weights.stat().st_mtime_ns == before
    assert "Judged on the test split" in (output / "README.md").read_text()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--jobs", "0"], "--jobs must be at least 1, got 0"),
        (["--test", "--folds", "2"], "--test: a cross-validation is judged on its folds"),
        (["--seeds", "0"], "--seeds must be a whole number from 1 on, got 0"),
        (["--model", "no_such"], "no_such"),
    ],
)
def test_a_mistake_is_one_sentence(
    toml: Path, tmp_path: Path, flags: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        study.main([str(toml), "--data", "x", "--output", str(tmp_path / "out"), *flags])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_print_runs_needs_no_data(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study.main([str(toml), "--print-runs", "--seeds", "2", "--limit", "9"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[3].endswith("--model-arg dropout=0.0 --seed 1 --limit 9")


@pytest.mark.slow
def test_killed_in_the_middle_of_a_run_and_repeated(csv_file: Path, tmp_path: Path) -> None:
    """SIGKILL to the study alone: its worker stops by itself; the same command keeps one run and resumes the other."""
    toml = tmp_path / "squares.toml"
    toml.write_text(TOML.replace('"no dropout" = {', '"no dropout" = { epochs = 10,'))
    output = tmp_path / "out"
    arguments = [str(toml), "--data", str(csv_file), "--output", str(output), "--seeds", "1", "--jobs", "1"]
    command = [sys.executable, "-m", "training.study", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    first, second = (output / "runs" / f"{name}-seed0" for name in ("dropout", "no_dropout"))
    killed = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    while not (second / "history.csv").exists():
        assert killed.poll() is None, "it was to be killed in the middle of its second run"
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with FileLock(output / "runs" / f".{second.name}.lock"):  # the worker has it as long as it lives
        assert (second / FILE).exists()
        before = pd.read_csv(second / "history.csv")
    assert len(before) < 10
    weights = (first / WEIGHTS).stat().st_mtime_ns
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "1 of 2 runs were finished before" in done.stdout
    assert (first / WEIGHTS).stat().st_mtime_ns == weights
    after = pd.read_csv(second / "history.csv")
    assert len(after) == 10
    pd.testing.assert_frame_equal(after.head(len(before)), before)
    assert np.isfinite(pd.read_csv(output / "table.csv")[list(COLUMNS)]).all(axis=None)
