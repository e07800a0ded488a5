"""What is known of a run by name: of an embedded checkpoint, of a folder, of a run kept without its weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from fer_explain.benchmark.metrics import read_splits
from fer_explain.errors import FerError
from fer_explain.hub import folder as folder_module
from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.folder import CONFIG, DEFAULT, EMBEDDED, METRICS, PREDICTIONS, RESULTS, list_results
from fer_explain.hub.results import find_results

PAGE = Path(__file__).resolve().parents[2] / "docs" / "checkpoints.md"


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


@pytest.mark.parametrize("name", list_results())
def test_numbers_of_a_run_that_is_kept_follow_from_its_predictions(name: str) -> None:
    found = find_results(name)
    scores = read_splits(found.metrics)
    assert scores.keys() == {"validation", "test"}
    for split in found.splits:
        assert getattr(found, split).correct.mean() == pytest.approx(scores[split].accuracy)


def test_the_page_of_the_checkpoints_tells_what_the_study_of_three_seeds_found() -> None:
    runs = pd.read_csv(RESULTS / "emonext_nano" / "table.csv").query("split == 'test'")
    for run in runs.itertuples():
        found = find_results(f"{str(run.variant).replace('-', '_')}-seed{run.seed}")
        assert found.test.correct.mean() == pytest.approx(run.accuracy, abs=1e-6)
    means = runs.groupby("variant", sort=False)["accuracy"].mean()
    told = PAGE.read_text().partition("<!-- seeds -->")[2].partition("<!-- /seeds -->")[0]
    first, *statements = (" ".join(line.split()) for line in told.strip().removeprefix("- ").split("\n- "))
    assert first == ", ".join(f"{variant} {100 * mean:.1f} %" for variant, mean in means.items()) + "."
    study = (RESULTS / "emonext_nano" / "README.md").read_text()
    assert len(statements) == 2
    assert all(statement in study for statement in statements)
