"""Two CPU processes and accumulated gradients against one process that takes whole batches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    command = [sys.executable, "-m", "tests.training.forked", "several", str(folder)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two", "accumulated"])
def test_the_result_is_that_of_one_process(runs: Path, name: str) -> None:
    expected, actual = (load_file(runs / folder / "model.safetensors") for folder in ("one", name))
    for key, weights in expected.items():
        torch.testing.assert_close(actual[key], weights, atol=2e-3, rtol=0)  # stored in half precision
    histories = [pd.read_csv(runs / folder / "history.csv") for folder in ("one", name)]
    for column in ("train_loss", "validation_loss"):
        assert histories[1][column].tolist() == pytest.approx(histories[0][column].tolist(), abs=1e-4)
    assert histories[0]["train_loss"].iloc[-1] < histories[0]["train_loss"].iloc[0] - 0.05
