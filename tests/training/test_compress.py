"""Weights in eight bits: nothing measured with the former ones is left, and too large a loss is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from fer_explain.emotions import LABELS
from fer_explain.hub.checkpoint import CheckpointConfig, load_checkpoint, read_config, save_checkpoint
from fer_explain.hub.folder import EXPLANATIONS, METRICS, PROFILE, WEIGHTS
from fer_explain.models import architecture, create_model
from training import compress as module
from training.compress import is_compressed, main
from training.data import ImageForm, load_split
from training.measure import evaluate_checkpoint
from training.validation import predict

MODEL = "sequential_cnn_compact"


@pytest.fixture
def folder(tmp_path: Path, csv_file: Path) -> Path:
    """A measured checkpoint."""
    path = tmp_path / "measured"
    torch.manual_seed(0)
    config = CheckpointConfig(
        MODEL, LABELS, architecture(MODEL).input, provenance={"epochs": 1, "selected_on": "validation"}
    )
    save_checkpoint(path, create_model(MODEL).eval(), config)
    for split in ("validation", "test"):
        evaluate_checkpoint(path, load_split(str(csv_file), split, ImageForm()))
    for name in (PROFILE, EXPLANATIONS):
        (path / name).write_text("{}")
    return path


def test_what_is_in_the_folder_was_measured_with_the_new_weights(folder: Path, csv_file: Path) -> None:
    size = (folder / WEIGHTS).stat().st_size
    before = json.loads((folder / METRICS).read_text())["splits"]["validation"]["accuracy"]
    main(["--checkpoint", str(folder), "--data", str(csv_file)])
    assert is_compressed(folder)
    assert (folder / WEIGHTS).stat().st_size < 0.6 * size
    assert json.loads((folder / METRICS).read_text())["splits"].keys() == {"validation"}
    assert not (folder / PROFILE).exists()
    assert not (folder / EXPLANATIONS).exists()
    assert [path.name for path in (folder / "predictions").iterdir()] == ["validation.parquet"]
    told = read_config(folder).provenance
    assert told["epochs"] == 1
    assert told["stored"]["validation_accuracy_before"] == pytest.approx(before, abs=1e-4)
    checkpoint, faces = load_checkpoint(folder), load_split(str(csv_file), "validation", ImageForm())
    logits = pd.read_parquet(folder / "predictions" / "validation.parquet").filter(like="logit_").to_numpy()
    expected = predict(checkpoint.model, faces, checkpoint.config.input).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_it_is_done_once(folder: Path, csv_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--checkpoint", str(folder), "--data", str(csv_file)])
    with pytest.raises(SystemExit):
        main(["--checkpoint", str(folder), "--data", str(csv_file)])
    assert "stored in eight bits already" in capsys.readouterr().err


def test_too_large_a_loss_is_refused_and_nothing_is_changed(
    folder: Path, csv_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_LOSS", -0.001)
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit):
        main(["--checkpoint", str(folder), "--data", str(csv_file)])
    assert "points on validation, which is more than" in capsys.readouterr().err
    assert files == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
