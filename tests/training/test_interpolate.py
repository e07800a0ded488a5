"""Between a checkpoint and its start: the largest share that costs nothing, and nothing stale is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fer_explain.emotions import LABELS
from fer_explain.hub.checkpoint import CheckpointConfig, load_checkpoint, read_config, save_checkpoint, write_config
from fer_explain.hub.folder import EXPLANATIONS, METRICS
from fer_explain.models import architecture, create_model
from training import interpolate as module
from training.data import FaceSet
from training.data.votes import VOTES
from training.distill import fingerprint
from training.interpolate import SHARES, called_as_in_training, main, mean

MODEL = "sequential_cnn_compact"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A start, and a checkpoint that went on from it."""
    start, tuned = tmp_path / "start", tmp_path / "tuned"
    source = {"epochs": 1, "selected_on": "validation", "recipe": "compact"}
    for seed, path in enumerate((start, tuned)):
        torch.manual_seed(seed)
        if path == tuned:
            source = source | {"starts": [{"name": "start", "fingerprint": fingerprint(load_checkpoint(start))}]}
        config = CheckpointConfig(MODEL, LABELS, architecture(MODEL).input, provenance=source)
        save_checkpoint(path, create_model(MODEL).eval(), config)
    (tuned / EXPLANATIONS).write_text("{}")
    return start, tuned


def told(folders: tuple[Path, Path], csv_file: Path) -> list[str]:
    start, tuned = folders
    return ["--checkpoint", str(tuned), "--start", str(start), "--data", str(csv_file)]


def reaches(monkeypatch: pytest.MonkeyPatch, *accuracies: float) -> None:
    """Of the start, and of every share above."""
    values: Iterator[float] = iter(accuracies)
    monkeypatch.setattr(module, "accuracy", lambda *_: next(values))


def test_the_largest_share_that_costs_nothing_is_taken(
    folders: tuple[Path, Path], csv_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = folders[1]
    old, new = (load_checkpoint(path).model.state_dict() for path in folders)
    reaches(monkeypatch, 0.7, 0.71, 0.69, 0.699, 0.697, *[0.6] * (len(SHARES) - 5))
    main(told(folders, csv_file))
    got = load_checkpoint(tuned)
    for key, value in got.model.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, 0.7 * old[key] + 0.3 * new[key], atol=2e-3, rtol=1e-2)
    assert got.config.provenance["interpolation"]["share"] == SHARES[3] == 0.3
    assert json.loads((tuned / METRICS).read_text())["splits"].keys() == {"validation"}
    assert not (tuned / EXPLANATIONS).exists()
    assert "30 % of its weights are those, the rest is what it started from" in (tuned / "README.md").read_text()


def test_several_runs_from_one_start_are_averaged_first(
    folders: tuple[Path, Path], tmp_path: Path, csv_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, tuned = folders
    torch.manual_seed(2)
    save_checkpoint(tmp_path / "other", create_model(MODEL).eval(), read_config(tuned))
    old, first, second = (load_checkpoint(path).model.state_dict() for path in (start, tuned, tmp_path / "other"))
    reaches(monkeypatch, *[0.7] * 6, *[0.6] * (len(SHARES) - 6))
    other = fingerprint(load_checkpoint(tmp_path / "other"))
    main([*told(folders, csv_file), "--with", str(tmp_path / "other")])
    got = load_checkpoint(tuned)
    for key, value in got.model.state_dict().items():
        if value.is_floating_point():
            expected = 0.5 * old[key] + 0.25 * (first[key] + second[key])
            torch.testing.assert_close(value, expected, atol=2e-3, rtol=1e-2)
    assert got.config.provenance["interpolation"]["with"] == [{"name": "other", "fingerprint": other}]
    card = (tuned / "README.md").read_text()
    assert "50 % of its weights are those (their mean with those of `other`, made in the same way)" in card


def test_a_run_from_another_start_is_not_averaged(
    folders: tuple[Path, Path], csv_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start, _ = folders
    with pytest.raises(SystemExit):
        main([*told(folders, csv_file), "--with", str(start)])
    assert f"{start} did not start from it" in capsys.readouterr().err


def test_faces_are_called_what_training_called_them() -> None:
    votes = np.zeros((4, 10), np.int16)
    votes[0, VOTES.index("happiness")], votes[0, VOTES.index("neutral")] = 6, 4
    votes[1, VOTES.index("no face")] = 10
    votes[2, VOTES.index("sadness")] = 10
    faces = FaceSet("-", "validation", np.zeros((4, 8, 8), np.uint8), np.array([6, 6, 5, 2]), np.arange(4), votes=votes)
    by_votes = called_as_in_training(faces, "ferplus")
    assert by_votes.rows.tolist() == [0, 2, 3]
    assert [LABELS[label] for label in by_votes.labels] == ["happy", "sad", LABELS[2]]  # the last one has no votes
    assert called_as_in_training(faces, "fer2013") is faces


def test_the_votes_that_training_followed_choose_and_the_own_labels_are_measured(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    start, tuned = folders
    config = read_config(tuned)
    write_config(tuned, replace(config, provenance=config.provenance | {"config": {"labels": "ferplus"}}))
    votes = np.zeros((14, 10), np.int16)
    votes[:, VOTES.index("happiness")] = 10
    votes[0] = np.eye(10, dtype=np.int16)[VOTES.index("no face")] * 10
    faces = FaceSet("-", "validation", np.zeros((14, 48, 48), np.uint8), np.arange(14) % 7, np.arange(14), votes=votes)
    judged: list[list[int]] = []
    monkeypatch.setattr(
        module, "accuracy", lambda _model, split, _spec: float(judged.append(split.labels.tolist()) or 0)
    )
    said: list[str] = []
    module.interpolate(tuned, str(start), faces, report=said.append)
    assert judged == [[LABELS.index("happy")] * 13] * len(SHARES)
    assert said[-1].endswith("n = 13")
    assert json.loads((tuned / METRICS).read_text())["splits"]["validation"]["n"] == 14


def test_where_every_share_costs_something_all_stays(
    folders: tuple[Path, Path], csv_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_config(folders[1])
    reaches(monkeypatch, 0.7, *[0.6] * (len(SHARES) - 1))
    with pytest.raises(SystemExit):
        main(told(folders, csv_file))
    assert "every share of it costs more than 0.2 points" in capsys.readouterr().err
    assert read_config(folders[1]) == before


def test_only_what_it_started_from_is_mixed_in_and_only_once(
    folders: tuple[Path, Path], csv_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned = folders[1]
    with pytest.raises(SystemExit):
        main(["--checkpoint", str(tuned), "--start", str(tuned), "--data", str(csv_file)])
    assert "did not start from it" in capsys.readouterr().err
    reaches(monkeypatch, *[0.7] * len(SHARES))
    main(told(folders, csv_file))
    assert read_config(tuned).provenance["interpolation"]["share"] == 1
    with pytest.raises(SystemExit):
        main(told(folders, csv_file))
    assert "was interpolated" in capsys.readouterr().err


def test_another_head_has_no_middle(
    folders: tuple[Path, Path], csv_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = read_config(folders[1])
    [start] = config.provenance["starts"]
    write_config(folders[1], replace(config, provenance=config.provenance | {"starts": [start | {"new": ["head"]}]}))
    with pytest.raises(SystemExit):
        main(told(folders, csv_file))
    assert "has other classes" in capsys.readouterr().err


def test_counters_are_not_averaged() -> None:
    old = {"weight": torch.zeros(2), "seen": torch.tensor(3)}
    new = {"weight": torch.ones(2), "seen": torch.tensor(9)}
    got = mean(old, new, 0.25)
    assert got["weight"].tolist() == [0.25, 0.25]
    assert got["seen"] == 9
