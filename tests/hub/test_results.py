"""What is known of a run by name: of an embedded checkpoint, of a folder, of a run kept without its weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fer_explain.errors import FerError
from fer_explain.hub import folder as folder_module
from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.folder import CONFIG, DEFAULT, EMBEDDED, METRICS, PREDICTIONS, list_results
from fer_explain.hub.results import find_results


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a study, without its weights."""
    run = tmp_path / "study" / "runs" / "Net-seed1"
    shutil.copytree(EMBEDDED / DEFAULT / PREDICTIONS, run / PREDICTIONS)
    for name in (CONFIG, METRICS):
        shutil.copy(EMBEDDED / DEFAULT / name, run)
    monkeypatch.setattr(folder_module, "RESULTS", tmp_path)
    return run


def test_a_run_without_weights_is_found_by_its_name(kept: Path) -> None:
    assert list_results() == {"Net-seed1": kept}
    found = find_results("Net-seed1")
    assert found.splits == ("validation", "test")
    assert found.test.name == "Net-seed1"
    assert found.test.correct.mean() == find_results(DEFAULT).test.correct.mean()
    assert found.file_bytes is None


def test_it_cannot_be_loaded_as_a_network(kept: Path) -> None:
    with pytest.raises(FerError, match=r"model\.safetensors is missing"):
        load_checkpoint(kept)
    with pytest.raises(FerError, match="There is no checkpoint 'Net-seed1'"):
        load_checkpoint("Net-seed1")


def test_an_unknown_name_is_refused(kept: Path) -> None:
    with pytest.raises(FerError, match="There is no checkpoint 'Net-seed2'"):
        find_results("Net-seed2")
