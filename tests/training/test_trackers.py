"""Trackers: what they wrote is read back with their own readers, in a process that may not open a connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_explain.errors import FerError
from training import trackers
from training.trackers import list_trackers, open_tracker

ROOT = Path(__file__).resolve().parents[2]
CURVES = {1: {"train_loss": 1.5, "validation_accuracy": 0.25}, 2: {"train_loss": 0.75, "validation_accuracy": 0.5}}
_WRITE = """
import json, socket, sys
from pathlib import Path

def refuse(*_):
    sys.exit("a connection was opened")

socket.socket.connect = refuse
from training.trackers import open_tracker

names, output, curves = sys.argv[1].split(","), Path(sys.argv[2]), json.loads(sys.argv[3])
with open_tracker(names, output, "face", {"lr": 0.1, "model_args": {"widths": [1, 2]}}) as tracker:
    for epoch, values in curves.items():
        tracker.log(int(epoch), values)
"""
_READ_TRACKIO = """
import json
from trackio.sqlite_storage import SQLiteStorage

run = "fer-explain", "face"
print(json.dumps([SQLiteStorage.get_logs(*run), SQLiteStorage.get_run_config(*run)]))
"""


def python(code: str, folder: Path, *arguments: str) -> str:
    """What a Python process prints whose trackio database lies in ``folder``."""
    environment = os.environ | {"TRACKIO_DIR": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after two epochs, booked in two processes as a run that was interrupted and resumed."""
    folder = tmp_path_factory.mktemp("tracked")
    for epoch, values in CURVES.items():
        said = python(_WRITE, folder, "tensorboard,trackio", str(folder), json.dumps({epoch: values}))
        assert "Uploading" not in said
    return folder


def test_tensorboard_reads_the_curves_and_the_options(written: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(written / "tensorboard" / "face")).Reload()
    for name in CURVES[1]:
        assert {event.step: event.value for event in events.Scalars(name)} == {
            epoch: values[name] for epoch, values in CURVES.items()
        }
    (text, *_) = events.Tensors("config/text_summary")
    assert "| model_args.widths | [1, 2] |" in text.tensor_proto.string_val[0].decode()


def test_trackio_reads_the_curves_of_one_run_and_its_options(written: Path) -> None:
    logs, config = json.loads(python(_READ_TRACKIO, written).splitlines()[-1])
    assert {row["step"]: {name: row[name] for name in CURVES[1]} for row in logs} == CURVES
    assert config["model_args.widths"] == "[1, 2]"


def test_no_tracker_imports_and_writes_nothing(tmp_path: Path) -> None:
    code = _WRITE.replace('sys.argv[1].split(",")', "[]") + "\nprint({'tensorboard', 'trackio'} & set(sys.modules))"
    assert python(code, tmp_path, "", str(tmp_path), json.dumps(CURVES)).splitlines()[-1] == "set()"
    assert not list(tmp_path.iterdir())


def test_an_unknown_tracker_is_told_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="--track wandb: there is no such tracker; choose tensorboard or trackio"):
        open_tracker(["wandb"], tmp_path, "face", {})


@pytest.mark.parametrize("name", list_trackers())
def test_one_that_is_not_installed_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    with pytest.raises(
        FerError, match=rf"^--track {name}: it is not installed; install it with: pip install {name}\.$"
    ):
        open_tracker([name], tmp_path, "face", {})


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("a file where the folder should be")
    with pytest.raises(FerError, match=r"^--track tensorboard: it cannot write"):
        open_tracker(["tensorboard"], tmp_path, "face", {})
