"""Publishing without a connection, or of a folder that is no checkpoint, ends in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import CheckpointConfig, write_config
from fer_explain.hub.publish import publish
from fer_explain.types import InputSpec

ROOT = Path(__file__).resolve().parents[2]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process for which the Hub is a port where nothing listens."""
    environment = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "hf_none"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_folder_that_is_no_checkpoint_is_not_published(tmp_path):
    with pytest.raises(FerError, match=r"config.json is missing"):
        publish(tmp_path, "org/face")


def test_a_checkpoint_without_connection(tmp_path):
    write_config(tmp_path, CheckpointConfig("convnext_nano", LABELS, InputSpec(48)))
    code = f"from fer_explain.hub import publish; publish.publish(publish.Path({str(tmp_path)!r}), 'org/face')"
    last = _run("-c", code).stderr.strip().splitlines()[-1]
    assert last.startswith("fer_explain.errors.FerError: ")
    assert "could not be published as 'org/face'" in last


def test_a_space_without_connection(tmp_path):
    done = _run("spaces/build.py", str(tmp_path / "space"), "--push", "org/demo")
    assert done.returncode == 2
    assert "'org/demo' could not be published" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
