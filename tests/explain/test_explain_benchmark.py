"""The ranking of explanations over a data set."""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.explain import faithfulness
from fer_explain.explain.benchmark import CHECKS, main, rank, read_sample
from fer_explain.explain.faithfulness import examine
from fer_explain.explain.tested import Explanations, Trial
from fer_explain.explain.tested import tested_map as read_tested
from fer_explain.explain.trials import make_explainer, read_settings, way_of
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.preprocess import to_batch
from fer_explain.hub import folder
from fer_explain.hub.checkpoint import CheckpointConfig, load_checkpoint, save_checkpoint
from fer_explain.hub.folder import EXPLANATIONS
from fer_explain.hub.weights import weights_fingerprint
from fer_explain.models import architecture, create_model


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven drawn faces in two shards, gray, with their rows."""
    folder = tmp_path_factory.mktemp("data")
    for shard, labels in enumerate((LABELS[:4], LABELS[4:])):
        lines = []
        for label in labels:
            buffer = io.BytesIO()
            Image.fromarray(draw_face(label, size=48).pixels).convert("L").save(buffer, "PNG")
            index = LABELS.index(label)
            lines.append({"image": {"bytes": buffer.getvalue(), "path": None}, "label": index, "row": 100 + index})
        pd.DataFrame(lines).to_parquet(folder / f"validation-0000{shard}-of-00002.parquet")
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "small"
    folder.mkdir()
    torch.manual_seed(0)
    config = CheckpointConfig("emonext_atto", LABELS, architecture("emonext_atto").input)
    save_checkpoint(folder, create_model("emonext_atto"), config)
    return folder


def test_a_sample_is_drawn_once_each_and_keeps_its_rows(data: Path) -> None:
    every = read_sample(data, "validation", 99, seed=0)
    assert [sample.row for sample in every] == list(range(100, 107))
    assert all(sample.row == 100 + sample.label for sample in every)
    assert every[0].pixels.shape == (48, 48, 3)
    some = read_sample(data, "validation", 4, seed=1)
    assert len({sample.row for sample in some}) == 4
    assert [sample.row for sample in some] == [sample.row for sample in read_sample(data, "validation", 4, seed=1)]


def test_a_missing_split_or_column_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(FerError, match=r"there is no test-\*\.parquet"):
        read_sample(data, "test", 3, seed=0)
    pd.DataFrame({"image": [1]}).to_parquet(tmp_path / "train-0.parquet")
    with pytest.raises(FerError, match="no column 'label'"):
        read_sample(tmp_path, "train", 3, seed=0)


def test_methods_are_ranked_by_what_they_passed_with_intervals() -> None:
    lines = []
    for face in range(40):
        for name, share in (("good", 1.0), ("bad", 0.0), ("even", 0.5)):
            passes = [face % 10 < 10 * share] * len(CHECKS)
            lines.append({"method": name, "row": face, "passed": sum(passes), "ok": all(passes)}
                         | {f"{check}_passed": value for check, value in zip(CHECKS, passes, strict=True)})  # fmt: skip
    ranking = rank(pd.DataFrame(lines))
    assert ranking["method"].tolist() == ["good", "even", "bad"]
    assert ranking["score"].tolist() == [1.0, 0.5, 0.0]
    even = ranking.iloc[1]
    assert 0.3 < even["score_low"] < 0.5 < even["score_high"] < 0.7
    assert even["faces"] == 40


def test_the_command_writes_lines_ranking_and_a_page_of_its_own(
    data: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--checkpoint", str(checkpoint), "--data", str(data), "--n", "2", "--methods", "gradcam", "eigencam",
          "--output", str(tmp_path)])  # fmt: skip
    lines = pd.read_parquet(tmp_path / "small" / "receipts.parquet")
    assert len(lines) == 4
    assert lines["passed"].tolist() == lines[[f"{check}_passed" for check in CHECKS]].sum(axis=1).tolist()
    assert set(pd.read_parquet(tmp_path / "small" / "ranking.parquet")["method"]) == {"gradcam", "eigencam"}
    page = (tmp_path / "small" / "ranking.html").read_text()
    assert "<script src=" not in page
    assert "gradcam" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--methods", "magic"], "no explanation 'magic'"),
        (["--methods", "rise:grid"], "'grid' is no setting"),
        (["--skip", "99"], "no face left"),
        (["--n", "0"], "is no count"),
    ],
)
def test_a_bad_flag_ends_in_one_sentence(
    data: Path, checkpoint: Path, tmp_path: Path, flags: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--checkpoint", str(checkpoint), "--data", str(data), "--output", str(tmp_path), *flags])
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


def test_a_stopped_run_goes_on_and_the_checkpoint_learns_which_map_holds(
    data: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = ["gradcam", "scale_occlusion:small=0.3,large=0.3,reference=filled,density=1"]
    command = ["--checkpoint", str(checkpoint), "--data", str(data), "--n", "2", "--skip", "3", "--methods", *ways,
               "--output", str(tmp_path), "--write"]  # fmt: skip
    main(command)
    found = read_tested(checkpoint)
    assert found is not None
    assert (found.split, found.skip, {trial.n for trial in found.trials}) == ("validation", 3, {2})
    assert found.quick is not None
    assert {"small": 0.3, "large": 0.3, "reference": "filled", "density": 1} in [one.settings for one in found.trials]
    assert found.best.holds == max(trial.holds for trial in found.trials)
    kept = (tmp_path / "small" / "receipts.jsonl").read_text().splitlines()
    assert len(kept) == 4
    (tmp_path / "small" / "receipts.jsonl").write_text("\n".join(kept[:3]) + "\n")
    asked = []
    monkeypatch.setattr(faithfulness, "examine", lambda *a, **k: asked.append(a) or examine(*a, **k))
    main(command)
    assert len(asked) == 1, "only what is missing is worked out"
    again = read_tested(checkpoint)
    assert again is not None
    assert [(one.method, one.holds, one.checks) for one in again.trials] == [
        (one.method, one.holds, one.checks) for one in found.trials
    ]


def test_several_processes_find_what_one_finds(data: Path, checkpoint: Path, tmp_path: Path) -> None:
    command = ["--checkpoint", str(checkpoint), "--data", str(data), "--n", "3", "--methods", "gradcam", "eigencam"]
    main([*command, "--output", str(tmp_path / "one")])
    main([*command, "--output", str(tmp_path / "two"), "--jobs", "2"])
    one, two = (pd.read_parquet(tmp_path / name / "small" / "receipts.parquet") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one.drop(columns="seconds"), two.drop(columns="seconds"), atol=1e-4)


def test_without_a_name_all_embedded_checkpoints_have_their_turn(
    data: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(checkpoint, tmp_path / "home" / "other")
    shutil.copytree(checkpoint, tmp_path / "home" / "small")
    monkeypatch.setattr(folder, "EMBEDDED", tmp_path / "home")
    main(["--data", str(data), "--n", "1", "--methods", "gradcam", "--output", str(tmp_path / "out")])
    assert {path.parent.name for path in (tmp_path / "out").rglob("ranking.html")} == {"other", "small"}


def test_what_was_measured_for_other_weights_or_is_damaged_is_not_taken(checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    (folder / EXPLANATIONS).unlink(missing_ok=True)
    assert read_tested(folder) is None
    trial = Trial("gradcam", {}, 9, 0.5, 0.2, 0.8, dict.fromkeys(CHECKS, 0.6), 0.1)
    Explanations(weights_fingerprint(folder), "validation", 0, 0, [trial]).write(folder)
    found = read_tested(folder)
    assert found is not None
    assert found.best == trial == found.quick
    Explanations("0" * 16, "validation", 0, 0, [trial]).write(folder)
    assert read_tested(folder) is None
    for wrong in (replace(trial, method="magic"), replace(trial, holds=7.0), replace(trial, settings={"size": 1})):
        Explanations(weights_fingerprint(folder), "validation", 0, 0, [wrong]).write(folder)
        with pytest.raises(FerError, match=r"explanations\.json is not what"):
            read_tested(folder)


def test_verdicts_are_the_same_when_only_they_are_wanted(checkpoint: Path, data: Path) -> None:
    loaded = load_checkpoint(checkpoint)
    entry, ways = architecture("emonext_atto"), ("gradcam", "scale_occlusion:large=0.2,density=1,reference=filled")
    for sample in read_sample(data, "validation", 1, seed=0):
        x, known = to_batch(sample.pixels[None], entry.input), {}
        for way in map(make_explainer, ways):
            whole = examine(loaded.model, entry, x, way)
            brief = examine(loaded.model, entry, x, way, known=known, verdict_only=True)
            assert [check.passed for check in brief.checks] == [check.passed for check in whole.checks]
            for one, other in zip(brief.checks, whole.checks, strict=True):
                fewer = one.name in ("randomisation", "sensitivity")  # maps that no verdict hangs on are left out
                assert fewer or one.value == pytest.approx(other.value, abs=1e-4)


def test_listing_explanations_starts_no_benchmark() -> None:
    from fer_explain.explain.registry import list_methods

    assert "benchmark" not in list_methods()
    assert "fer_explain.explain.benchmark" in sys.modules
    assert np.isin(["gradcam"], list_methods()).all()


def test_a_way_is_read_as_it_is_told() -> None:
    for settings in ({}, {"rounds": 3, "noise": 0.02}, {"reference": "filled", "flag": True}):
        assert read_settings(way_of("extremal_perturbation", settings)) == ("extremal_perturbation", settings)
