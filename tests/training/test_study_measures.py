"""Measures of a study: done and booked after training, for runs trained before too, and on the same faces for all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Sequence, Value
from PIL import Image as PILImage

from fer_explain.benchmark.disturbances import SUITE
from fer_explain.emotions import LABELS
from fer_explain.hub.disturbed import read_disturbed
from fer_explain.hub.folder import METRICS, WEIGHTS
from tests.training.conftest import draw
from training import disturbed, run
from training.disturbed import ANSWERS
from training.study import __main__ as study
from training.study import measures

MEASURES = 'measures = ["sources", "ferplus", "disturbed"]\n'
TOML = """
model = "sequential_cnn_compact"
seeds = 2
[options]
epochs = 1
batch_size = 14
[factors.faces]
"first alone" = { sources = 1 }
"both" = {}
"""
ALONE, BOTH = "first alone", "both"
KEYS = ["first-validation", "second-validation", "ferplus-validation"]


def write(folder: Path, per_class: dict[str, int], *, voted: bool) -> str:
    """A parquet folder; every third vote is for another class than the label."""
    folder.mkdir()
    rng = np.random.default_rng(len(folder.name))
    for split, count in per_class.items():
        labels = [*range(7)] * count
        rows = {"image": [PILImage.fromarray(draw(label, rng)) for label in labels], "label": labels}
        rows["row"] = [place + (0 if voted else 1000) for place in range(len(labels))]
        features = {"image": Image(), "label": ClassLabel(names=list(LABELS)), "row": Value("int32")}
        if voted:
            named = np.eye(10, dtype=int)[[1 if place % 3 == 0 else place % 7 for place in range(len(labels))]]
            rows["ferplus_votes"], features["ferplus_votes"] = (10 * named).tolist(), Sequence(Value("int8"))
        Dataset.from_dict(rows, features=Features(features)).to_parquet(folder / f"{split}-00000-of-00001.parquet")
    return str(folder)


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    first = write(tmp_path / "first", {"train": 4, "validation": 3, "test": 2}, voted=True)
    return [first, write(tmp_path / "second", {"train": 2, "validation": 2}, voted=False)]


@pytest.fixture(autouse=True)
def three_disturbances(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the fifteen, which take most of a minute."""
    monkeypatch.setattr(disturbed, "SUITE", {name: SUITE[name] for name in ("dark", "mirrored", "lower_hidden")})


def arguments(tmp_path: Path, data: list[str], text: str = MEASURES + TOML) -> list[str]:
    (tmp_path / "two.toml").write_text(text)
    return [str(tmp_path / "two.toml"), "--data", *data, "--output", str(tmp_path / "out")]


def folder(tmp_path: Path, variant: str, seed: int = 0) -> Path:
    return tmp_path / "out" / "runs" / f"{variant.replace(' ', '_')}-seed{seed}"


def refused(given: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        study.main(given)
    assert stop.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_variants_of_other_data_are_compared_on_the_same_faces(
    tmp_path: Path, data: list[str], calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    whole = measures.load_split

    def counted(source: str, *args: object, **options: object) -> object:
        loaded.append(source)
        return whole(source, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(measures, "load_split", counted)
    study.main(arguments(tmp_path, data))
    assert len(calls) == 4
    assert [loaded.count(source) for source in data] == [5, 5], "once before all, then once per run"
    about = {name: json.loads((folder(tmp_path, name) / "config.json").read_text()) for name in (ALONE, BOTH)}
    assert {name: one["provenance"]["data"]["name"] for name, one in about.items()} == {
        ALONE: "first",
        BOTH: "first + second",
    }
    table = pd.read_csv(tmp_path / "out" / "table.csv").set_index(["variant", "seed", "split"])
    n = table["n"].xs(0, level="seed").unstack("variant")
    assert n.loc["validation"].to_dict() == {ALONE: 21, BOTH: 35}
    assert n.loc[[*KEYS, "disturbed"]].to_numpy().tolist() == [[21, 21], [14, 14], [21, 21], [21, 21]]
    for name in (ALONE, BOTH):
        further = json.loads((folder(tmp_path, name) / METRICS).read_text())["further"]
        assert [table.loc[(name, 0, key), "accuracy"] for key in KEYS] == pytest.approx(
            [further[key]["scores"]["accuracy"] for key in KEYS], rel=1e-4
        )
        found = read_disturbed(folder(tmp_path, name))
        assert found is not None
        strongest = list(found.strongest())
        row = table.loc[(name, 0, "disturbed")]
        assert row["accuracy"] == pytest.approx(np.mean([one.accuracy.value for one in strongest]), rel=1e-4)
        assert row["unchanged"] == pytest.approx(np.mean([one.unchanged.value for one in strongest]), rel=1e-4)
    worth = pd.read_csv(tmp_path / "out" / "causes.csv").set_index(["measure", "what"])
    of = table.xs("second-validation", level="split")["accuracy"].groupby("variant").mean()
    assert worth.loc[("second", "faces: both instead of first alone"), "value"] == pytest.approx(
        of[BOTH] - of[ALONE], abs=1e-5
    )
    assert set(worth.index.get_level_values("measure")) == {
        "first", "second", "ferplus", "disturbed", "unchanged when disturbed",
    }  # fmt: skip
    report = (tmp_path / "out" / "README.md").read_text()
    assert "first n = 21, second n = 14, ferplus n = 21, disturbed n = 21" in report
    assert "## What each cause is worth" in report


def test_a_run_that_was_trained_is_only_measured(
    tmp_path: Path,
    data: list[str],
    calls: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = arguments(tmp_path, data, TOML.replace("seeds = 2", "seeds = 1"))
    assert "judged on different images" in refused(given, capsys), "without measures as it ever was"
    book = tmp_path / "out" / "study.json"
    booked = json.loads(book.read_text())
    assert booked.pop("sources") == {"first_alone-seed0": 1}
    book.write_text(json.dumps(booked))  # as an older version wrote it
    weights = folder(tmp_path, BOTH) / WEIGHTS
    before = (weights.stat().st_mtime_ns, weights.read_bytes())
    monkeypatch.setattr(run, "main", lambda *_: pytest.fail("it was to be trained again"))
    given = arguments(tmp_path, data, MEASURES + TOML.replace("seeds = 2", "seeds = 1"))
    study.main(given)
    assert calls[2:] == calls[:2]
    assert (weights.stat().st_mtime_ns, weights.read_bytes()) == before
    assert json.loads(book.read_text()) == booked | {"sources": {"first_alone-seed0": 1}}

    predictions = folder(tmp_path, BOTH) / "predictions"
    kept = (predictions / "first-validation.parquet").stat().st_mtime_ns
    (predictions / ANSWERS).unlink()
    study.main(given)
    assert calls[4:] == ["both-seed0"], "one was killed before its last measure"
    assert (predictions / ANSWERS).is_file()
    assert (predictions / "first-validation.parquet").stat().st_mtime_ns == kept
    study.main(given)
    assert len(calls) == 5
    assert "another training may say otherwise" in (tmp_path / "out" / "README.md").read_text()

    changed = arguments(tmp_path, data, MEASURES + TOML.replace("seeds = 2", "seeds = 1").replace("1 }", "2 }"))
    assert "run first_alone-seed0 began there with other options" in refused(changed, capsys)


def test_what_the_data_lack_is_one_sentence_before_any_training(
    tmp_path: Path, data: list[str], calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = data
    assert refused(arguments(tmp_path, [first], TOML.replace("sources = 1", "sources = 2")), capsys) == (
        "error: study two, variant 'first alone': sources = 2, but --data names only 1."
    )
    assert "has no FER+ votes" in refused(arguments(tmp_path, [second, first]), capsys)
    assert "judged on its measures" in refused([*arguments(tmp_path, data), "--test"], capsys)
    namesake = shutil.copytree(second, tmp_path / "copy" / "first")
    assert "two measures would be called first-validation" in refused(
        arguments(tmp_path, [first, str(namesake)]), capsys
    )
    (Path(second) / "validation-00000-of-00001.parquet").unlink()
    assert second in refused(arguments(tmp_path, data), capsys)
    assert not calls


def test_a_limit_holds_for_the_measures_too(tmp_path: Path, data: list[str], calls: list[str]) -> None:
    study.main([*arguments(tmp_path, data, 'measures = ["sources"]\n' + TOML), "--limit", "14", "--seeds", "1"])
    table = pd.read_csv(tmp_path / "out" / "table.csv")
    assert set(table[table["split"] == "first-validation"]["n"]) == {14}
