"""From a folder of any classes to a checkpoint, and through everything that speaks of classes afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from accelerate.state import AcceleratorState
from PIL import Image

import fer_explain as fx
from fer_explain.emotions import LABELS
from fer_explain.explain.profile import profile_checkpoint
from fer_explain.explain.region_audit import audit_explained
from fer_explain.explain.registry import list_methods, method
from fer_explain.faces.dataset import LabelledFaces
from fer_explain.faces.detect import whole_image
from fer_explain.faces.drawn import draw_face
from fer_explain.hub.checkpoint import load_checkpoint, read_config
from fer_explain.hub.folder import CALIBRATION, DISTURBED, PREDICTIONS
from fer_explain.hub.lineup import line_up
from fer_explain.hub.results import find_results
from fer_explain.report.benchmark import gather, to_html
from fer_explain.ui.analyse.answer.view import verdict
from fer_explain.ui.benchmark.state import groups
from fer_explain.ui.compare.events import Comparing, likeness, not_common
from fer_explain.ui.compare.state import Said
from fer_explain.ui.shell.session import PREDICTED
from fer_explain.ui.shell.texts import Texts
from tests.training.own_faces import NAMES, flat, made
from training import evaluate, run
from training.audit.__main__ import main as audit
from training.calibrate import calibrate
from training.data import ImageForm, load_split
from training.holdout import FILE, reading_of
from training.own_data import UNUSED

FAST = ["--model", "sequential_cnn_compact", "--batch-size", "8", "--epochs", "1", "--rotate", "0"]
SORTED = {2: NAMES[2], 4: NAMES[4], 12: NAMES[12]}
SORTED[8] = ("angry", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")


@pytest.fixture(autouse=True)
def fresh_accelerate() -> None:
    """Accelerate keeps its precision per process; a command line starts with a new one."""
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module", params=[2, 4, 8, 12])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path, Path]:
    folder = tmp_path_factory.mktemp("own")
    source = made(folder, request.param)
    AcceleratorState._reset_state(reset_partial_state=True)
    run.main([*FAST, "--data", str(source), "--output", str(folder / "run")])
    return request.param, source, folder / "run"


def test_a_checkpoint_of_its_own_classes(trained: tuple[int, Path, Path]) -> None:
    classes, source, folder = trained
    labels = SORTED[classes]
    assert read_config(folder).label_names == labels
    metrics = json.loads((folder / "metrics.json").read_text())
    assert list(metrics["splits"]["validation"]["classes"]) == list(labels)
    card = (folder / "README.md").read_text()
    assert ", ".join(labels) in card
    assert (folder / FILE).exists() == (classes in (2, 4))
    split = "test" if classes != 2 else "validation"
    evaluate.main(["--checkpoint", str(folder), "--data", str(source), "--split", split])
    table = pd.read_parquet(folder / "predictions" / f"{split}.parquet")
    assert len(table.filter(like="logit_").columns) == classes
    assert set(table["label"]) == set(range(classes))


def test_explanations_sets_and_reports_have_its_classes(trained: tuple[int, Path, Path]) -> None:
    classes, _, folder = trained
    analyzer = fx.Analyzer(checkpoints=[str(folder)])
    faces = [whole_image(draw_face("happy").pixels)]
    target = SORTED[classes][-1]
    for name in list_methods():
        if method(name).slow:
            continue
        [analysis] = analyzer.explain(faces, "run", name, target)
        assert analysis.prediction.labels == SORTED[classes]
        assert analysis.heatmap is not None
        assert analysis.heatmap.target == classes - 1
    audited = audit_explained(analyzer, analysis, "run")
    assert audited.target == classes - 1
    results = find_results(folder)
    assert results.rule is not None
    told = verdict(analysis.prediction, "run", True, Texts("fr"), results.rule)
    assert Texts("fr").emotion(analysis.prediction.label) in told
    html = to_html(gather(line_up([results], "validation")))
    assert all(name in html for name in SORTED[classes])


def test_benchmark_and_compare_stand_other_classes(trained: tuple[int, Path, Path]) -> None:
    classes, _, folder = trained
    analyzer = fx.Analyzer(checkpoints=[str(folder)])
    together = groups(analyzer)
    assert [names for group, names in together.items() if group.label_names == SORTED[classes]] == [["run"]]
    assert all("run" not in names or len(names) == 1 for names in together.values())
    assert sum(group.has_fer2013 for group in together) == 1
    seven = "sequential_cnn_compact"
    common = Comparing(analyzer).offer(["run", seven], "fear", None).choices  # type: ignore[arg-type]
    known = {label for label in SORTED[classes] if label in LABELS}
    assert {label for _, label in common} == known | {PREDICTED}
    face = whole_image(draw_face("happy").pixels)
    said = {}
    for name in ("run", seven):
        [analysis] = analyzer.explain([face], name, "gradcam")
        said[name] = Said(analysis, 1.0, np.zeros((8, 8, 3), np.uint8))
    [told] = not_common(said, Texts())
    assert f"Compared on the classes that all of them know: {', '.join(map(str.title, sorted(known))) or '–'}." in told
    assert all(len(figure) > 100 for figure in likeness(said, Texts()))


def test_profile_and_calibration_go_by_its_classes(trained: tuple[int, Path, Path]) -> None:
    classes, source, folder = trained
    checkpoint = load_checkpoint(folder)
    faces = load_split(str(source), "validation", ImageForm(), reading=reading_of(folder, checkpoint.config))
    profile = profile_checkpoint(checkpoint, LabelledFaces("own", "validation", faces.images, faces.labels, faces.rows))
    assert set(profile.classes) <= set(SORTED[classes])
    (folder / DISTURBED).write_text("{}")  # of the weights before
    told = calibrate(folder, [str(source)])
    assert not (folder / DISTURBED).exists()
    assert [path.stem for path in (folder / PREDICTIONS).iterdir()] == [CALIBRATION]
    assert told["n"] == [len(faces)]
    assert load_checkpoint(folder).config.label_names == SORTED[classes]


def test_an_audit_knows_any_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flat(tmp_path / "own", NAMES[4], 3)
    audit(
        [
            "--data",
            str(tmp_path / "own"),
            "--splits",
            "train",
            "--output",
            str(tmp_path / "out"),
            "--detector-sample",
            "0",
        ]
    )
    assert "The largest class, bored, has 1.0 times as many faces" in capsys.readouterr().out


def test_broken_images_are_written_down_and_too_many_stop_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat(tmp_path / "own", NAMES[2], 10)
    (tmp_path / "own" / "open" / "04.png").write_bytes(b"broken")
    command = [*FAST, "--data", str(tmp_path / "own"), "--output", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        run.main(command)
    assert "more than --max-broken 1 %" in capsys.readouterr().err
    run.main([*command, "--max-broken", "10%"])
    unused = pd.read_csv(tmp_path / "out" / UNUSED)
    assert [Path(image).name for image in unused["image"]] == ["04.png"]
    cut = pd.read_csv(tmp_path / "out" / FILE)
    assert len(cut) == 19
    assert set(cut.loc[cut["split"] == "validation", "class"]) == {"closed", "open"}


def test_renamed_classes_are_remembered(tmp_path: Path) -> None:
    flat(tmp_path / "own", ("joy", "contentment", "sad"), 6)
    names = "joy=happy,contentment=happy,sad"
    run.main([*FAST, "--data", str(tmp_path / "own"), "--classes", names, "--output", str(tmp_path / "out")])
    config = read_config(tmp_path / "out")
    assert config.label_names == ("happy", "sad")
    faces = load_split(str(tmp_path / "own"), "train", ImageForm(), reading=reading_of(tmp_path / "out", config))
    assert not faces.left_out
    assert faces.fingerprint == config.provenance["data"]["train"]


def test_a_dry_run_shows_and_learns_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flat(tmp_path / "own", NAMES[4], 6)
    flat(tmp_path / "own", ("bored",), 80)
    Image.new("RGB", (20, 20)).save(tmp_path / "own" / "tired" / "tiny.png")
    run.main([*FAST, "--data", str(tmp_path / "own"), "--output", str(tmp_path / "out"), "--dry-run"])
    said = capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"samples.png"}
    assert Image.open(tmp_path / "out" / "samples.png").size == (560, 224)
    assert "bored has" in said
    assert "times as many images as" in said
    assert "a side below 32 pixels" in said
    assert "an epoch takes about" in said


def test_other_classes_start_from_the_backbone_alone(
    trained: tuple[int, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes, _, folder = trained
    flat(tmp_path / "own", ("a", "b", "c"), 8)
    command = ["--start", str(folder), *FAST[2:], "--data", str(tmp_path / "own"), "--output", str(tmp_path / "out")]
    run.main(command)
    said = capsys.readouterr().out
    config = read_config(tmp_path / "out")
    assert config.label_names == ("a", "b", "c")
    assert config.architecture == "sequential_cnn_compact"
    [start] = config.provenance["starts"]
    assert len(start["new"]) == 2
    assert "tensors taken" in said
    assert "(3," in said
    assert f"({classes}," not in said


def test_the_same_classes_start_whole_and_another_part_of_the_data_is_refused(
    trained: tuple[int, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, source, folder = trained
    run.main(["--start", str(folder), *FAST[2:], "--data", str(source), "--output", str(tmp_path / "out")])
    assert "new:" not in capsys.readouterr().out
    others = ["--start", str(folder), *FAST[2:], "--data", str(source), "--limit", "9", "--output", str(tmp_path / "x")]
    with pytest.raises(SystemExit):
        run.main(others)
    assert "maybe on faces that are to judge it" in capsys.readouterr().err
    run.main([*others, "--same-split"])
    assert read_config(tmp_path / "x").provenance["same_split"] is True


def test_photos_are_cropped_once_and_measured_in_the_same_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in range(12):
        photo = np.full((240, 320, 3), 190, np.uint8)
        emotion = ("happy", "sad")[place % 2]
        photo[40:190, 80:230] = np.asarray(Image.fromarray(draw_face(emotion, seed=place).pixels).resize((150, 150)))
        (tmp_path / "photos" / emotion).mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(tmp_path / "photos" / emotion / f"{place}.png")
    Image.new("RGB", (320, 240), "gray").save(tmp_path / "photos" / "sad" / "nobody.png")
    out = tmp_path / "out"
    source = str(tmp_path / "photos")
    run.main([*FAST[:3], "4", *FAST[4:], "--data", source, "--detect", "--output", str(out)])
    said = capsys.readouterr().out
    assert "faces found in" in said
    assert pd.read_csv(out / UNUSED)["reason"].tolist() == ["no face found"]
    assert len(list((tmp_path / "faces").glob("*.png"))) == 13
    before = json.loads((out / "metrics.json").read_text())["data"]["validation"]
    evaluate.main(["--checkpoint", str(out), "--data", source, "--split", "validation"])
    assert json.loads((out / "metrics.json").read_text())["data"]["validation"] == before
