"""The publishing commands in processes of their own, and another machine that loads what they published."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from fer_explain.hub.files import write_text
from fer_explain.hub.folder import HISTORY
from fer_explain.hub.publish import publish
from training.publish import main

ROOT = Path(__file__).resolve().parents[2]


def _python(hub_url: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process whose Hub is ``hub_url`` and whose login lies in ``home``, as ``hf auth login`` leaves it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HF_ENDPOINT": hub_url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_publishes_and_another_machine_loads_it_by_name(hub, folder, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text(hub.token)
    done = _python(hub.url, home, "-m", "training.publish", str(folder), "org/face")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"published as {hub.url}/org/face"
    assert "data file" not in done.stderr, "predictions belong there"
    revision = hub.repos["org/face"].names["main"]
    write_text(folder / HISTORY, "epoch\n1\n2\n")
    publish(folder, "org/face")
    code = (
        "import sys, fer_explain as fx\n"
        "print([sum(weights.sum().item() for weights in fx.load(ref).parameters()) for ref in sys.argv[1:]])"
    )
    other = _python(hub.url, tmp_path / "other", "-c", code, "org/face", f"org/face@{revision}", str(folder))
    assert other.returncode == 0, other.stderr
    assert len(set(json.loads(other.stdout))) == 1


def test_the_command_without_connection_is_one_sentence(hub, folder, monkeypatch, capsys):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SystemExit) as stopped:
        main([str(folder), "org/face"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert "could not be published as 'org/face'" in said[-1]
    assert "Traceback" not in "".join(said)


def test_a_space_without_connection(tmp_path):
    done = _python("http://127.0.0.1:9", tmp_path, "spaces/build.py", str(tmp_path / "space"), "--push", "org/demo")
    assert done.returncode == 2
    assert "'org/demo' could not be published" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
