"""Evaluating a finished checkpoint: own and other data, views, leaks, the temperature, and when there is no card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from fer_explain.benchmark.disturbances import SUITE
from fer_explain.benchmark.further import UNLEAKED, Further, read_further
from fer_explain.benchmark.metrics import evaluate, headline, read_splits
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.faces.drawn import draw_face
from fer_explain.hub.checkpoint import CheckpointConfig, load_checkpoint, read_config, read_metrics, save_checkpoint
from fer_explain.hub.disturbed import read_disturbed
from fer_explain.hub.folder import DISTURBED
from fer_explain.models import create_model
from fer_explain.types import InputSpec
from training import evaluate as command
from training.data import FaceSet, ImageForm
from training.detected import load_detected
from training.evaluate import evaluate_checkpoint
from training.validation import predict

MODEL = "convnext_nano"
PROVENANCE = {"epochs": 1, "selected_on": "validation", "data": {"name": "fer2013.csv", "train": "0123"}}
CONFIG = CheckpointConfig(MODEL, LABELS, InputSpec(48), provenance=PROVENANCE)


def checkpoint(folder: Path, config: CheckpointConfig = CONFIG) -> Path:
    torch.manual_seed(0)
    save_checkpoint(folder, create_model(MODEL, num_classes=len(config.label_names)), config)
    return folder


def noise(n: int, split: str, seed: int) -> FaceSet:
    """Faces that no two sets share: smooth noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 12, 12), dtype=np.uint8)
    images = np.stack([np.asarray(Image.fromarray(one).resize((48, 48), Image.Resampling.BICUBIC)) for one in coarse])
    return FaceSet("fer2013.csv", split, images, np.arange(n) % 7, np.arange(n) + 100)


def predictions(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / "predictions" / f"{name}.parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkpoint(tmp_path / "face")


def test_the_temperature_is_fitted_on_validation_and_used_on_test(folder: Path) -> None:
    evaluate_checkpoint(folder, noise(28, "validation", 1))
    fitted = read_config(folder).temperature
    metrics = evaluate_checkpoint(folder, noise(28, "test", 2))
    assert fitted != 1.0
    assert {scores.temperature for scores in read_splits(metrics).values()} == {fitted}
    assert read_config(folder).temperature == fitted
    test = read_splits(metrics)["test"]
    saved = predictions(folder, "test")
    assert test == evaluate(saved.filter(like="logit_"), saved["label"], LABELS, fitted)
    assert test.ece_uncalibrated == evaluate(saved.filter(like="logit_"), saved["label"], LABELS).ece


def test_a_new_temperature_makes_older_results_stale_the_same_one_does_not(folder: Path) -> None:
    validation = noise(28, "validation", 1)
    evaluate_checkpoint(folder, validation)
    evaluate_checkpoint(folder, noise(28, "test", 2))
    assert {"validation", "test"} == evaluate_checkpoint(folder, validation)["splits"].keys()
    assert {"validation"} == evaluate_checkpoint(folder, noise(28, "validation", 3))["splits"].keys()


def test_views_are_kept_apart_from_the_plain_results_and_calibrated_for_themselves(folder: Path) -> None:
    for split in ("validation", "test"):
        plain = evaluate_checkpoint(folder, noise(28, split, 1))
    before = (folder / "predictions" / "test.parquet").read_bytes()
    for split in ("validation", "test"):
        metrics = evaluate_checkpoint(folder, noise(28, split, 1), views="flip")
    assert metrics["splits"] == plain["splits"]
    assert (folder / "predictions" / "test.parquet").read_bytes() == before
    found = headline(metrics)
    assert found is not None
    assert found.tta == "none"
    further = read_further(metrics)
    assert further.keys() == {"validation-flip", "test-flip"}
    assert further["test-flip"].scores.temperature == further["validation-flip"].scores.temperature
    assert further["test-flip"].scores.temperature != read_config(folder).temperature
    assert "test-time augmentation: flip)" in str(further["test-flip"])
    assert not np.allclose(
        predictions(folder, "test-flip").filter(like="logit_"), predictions(folder, "test").iloc[:, 2:]
    )
    assert "| own | test | 28 | flip |" in (folder / "README.md").read_text()


def test_test_images_that_occur_in_training_are_marked_and_left_out_of_a_second_score(folder: Path) -> None:
    test, train = noise(21, "test", 2), noise(40, "train", 4)
    train.images[5], train.images[9] = test.images[3], test.images[10][:, ::-1]
    metrics = evaluate_checkpoint(folder, test, train=train)
    saved = predictions(folder, "test")
    assert np.flatnonzero(saved["leaked"]).tolist() == [3, 10]
    assert read_splits(metrics)["test"].n == 21
    clean = saved[saved["leaked"] == 0]
    (one,) = read_further(metrics).values()
    assert one.part == UNLEAKED
    assert one.scores == evaluate(clean.filter(like="logit_"), clean["label"], LABELS)
    assert f"| own | test, {UNLEAKED} | 19 | none |" in (folder / "README.md").read_text()


@pytest.fixture
def other_data(tmp_path: Path) -> Path:
    """A folder of images with three classes, under names and in an order of its own."""
    rng = np.random.default_rng(5)
    for split in ("train", "test"):
        for name in ("anger", "Happiness", "sadness"):
            for index in range(4):
                path = tmp_path / "raf db" / split / name / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(rng.integers(0, 256, (48, 48), dtype=np.uint8)).save(path)
    return tmp_path / "raf db"


def test_other_data_is_measured_under_its_own_name(folder: Path, other_data: Path, capsys) -> None:
    own = evaluate_checkpoint(folder, noise(28, "test", 2))
    command.main(["--checkpoint", str(folder), "--data", str(other_data), "--split", "test"])
    metrics = read_metrics(folder)
    assert metrics["splits"] == own["splits"]
    (measured,) = read_further(metrics).values()
    assert (measured.name, measured.data, measured.scores.n) == ("raf_db-test", "raf db", 12)
    assert {name for name, one in measured.scores.classes.items() if one.support} == {"angry", "happy", "sad"}
    assert predictions(folder, "raf_db-test")["label"].map(LABELS.__getitem__).value_counts().to_dict() == {
        "happy": 4, "angry": 4, "sad": 4,
    }  # fmt: skip
    assert f"raf_db-test: accuracy {100 * measured.scores.accuracy:.1f} %" in capsys.readouterr().out
    assert "| raf db | test | 12 | none |" in (folder / "README.md").read_text()


def test_classes_are_matched_by_name_and_what_the_network_lacks_is_reported(tmp_path: Path) -> None:
    names = ("Happiness", "angry", "sad")
    folder = checkpoint(tmp_path / "three", replace(CONFIG, label_names=names))
    faces = noise(28, "test", 2)
    (measured,) = read_further(evaluate_checkpoint(folder, faces, data="other")).values()
    assert measured.left_out == dict.fromkeys(("disgust", "fear", "surprise", "neutral"), 4)
    assert measured.scores.labels == names
    saved = predictions(folder, "other-test")
    assert [names[label] for label in saved["label"]] == [
        {"happy": "Happiness"}.get(LABELS[label], LABELS[label]) for label in faces.labels if label in (0, 3, 4)
    ]
    logits = predict(load_checkpoint(folder).model, faces, CONFIG.input).numpy()
    np.testing.assert_allclose(saved.filter(like="logit_"), logits[np.isin(faces.labels, (0, 3, 4))], atol=1e-5)
    assert "4 disgust" in (folder / "README.md").read_text()


def test_a_network_that_knows_none_of_the_classes_is_not_measured(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "cats", replace(CONFIG, label_names=("cat", "dog")))
    with pytest.raises(FerError, match="The checkpoint knows cat, dog; the data has no image of any of them"):
        evaluate_checkpoint(folder, noise(7, "test", 2))


def test_a_mix_is_also_scored_by_source(folder: Path) -> None:
    faces = replace(noise(28, "test", 2), sources=("fer2013", "affectnet"), source_of=np.arange(28) % 2)
    further = read_further(evaluate_checkpoint(folder, faces))
    saved = predictions(folder, "test")
    for index, name in enumerate(faces.sources):
        rows = saved[saved["source"] == index]
        expected = evaluate(rows.filter(like="logit_"), rows["label"], LABELS)
        assert further[f"test-from_{name}"].scores == expected


def test_one_source_of_a_mix_may_be_what_judges_it(tmp_path: Path, csv_file: Path, capsys) -> None:
    about = {"name": f"{csv_file.name} + press", "train": "0123"}
    folder = checkpoint(tmp_path / "mixed", replace(CONFIG, provenance=PROVENANCE | {"data": about}))
    mix = replace(noise(28, "validation", 2), sources=("fer2013", "press"), source_of=np.arange(28) % 2)
    evaluate_checkpoint(folder, mix)
    arguments = ["--checkpoint", str(folder), "--data", str(csv_file), "--split", "validation"]
    command.main(arguments)
    assert read_metrics(folder)["splits"]["validation"]["n"] == 28  # of the mix; the part of it is further data
    command.main([*arguments, "--own"])
    assert read_metrics(folder)["splits"]["validation"]["n"] == len(predictions(folder, "validation")) != 28
    assert read_config(folder).provenance["data"]["judged_by"] == csv_file.name
    command.main(arguments)
    assert not read_further(read_metrics(folder))
    with pytest.raises(SystemExit):
        command.main([*arguments, "--own", "--name", "raf_db"])
    assert f"was trained on {csv_file.name} + press, not on raf_db" in capsys.readouterr().err


@pytest.mark.parametrize("selected_on", ["test", None])
def test_no_card_when_test_data_may_have_taken_part_in_choosing(tmp_path: Path, selected_on: str | None) -> None:
    config = replace(CONFIG, provenance=PROVENANCE | {"selected_on": selected_on})
    folder = checkpoint(tmp_path / "chosen", config)
    with pytest.raises(FerError, match="No model card for 'chosen'"):
        evaluate_checkpoint(folder, noise(7, "test", 2))
    assert not (folder / "README.md").exists()
    assert read_metrics(folder)["splits"]["test"]["n"] == 7


def test_output_gets_a_copy_and_the_original_stays(folder: Path, other_data: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    arguments = ["--checkpoint", str(folder), "--data", str(other_data), "--output", str(tmp_path / "copy")]
    command.main([*arguments, "--views", "ten_crop"])
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert read_further(read_metrics(tmp_path / "copy")).keys() == {"raf_db-test-ten_crop"}
    with pytest.raises(SystemExit):
        command.main(arguments)


def test_own_data_is_told_by_name_and_checked_for_leaks(folder: Path, csv_file: Path, capsys) -> None:
    command.main(["--checkpoint", str(folder), "--data", str(csv_file)])
    said = capsys.readouterr().out
    assert said.startswith("test: accuracy ")
    assert "leaked" in predictions(folder, "test")
    command.main(["--checkpoint", str(folder), "--data", str(csv_file), "--name", "another", "--split", "validation"])
    assert "another-validation" in read_metrics(folder)["further"]
    assert read_config(folder).temperature == 1.0, "other data must not calibrate"


def test_further_measurements_survive_json() -> None:
    scores = evaluate(np.eye(7), np.arange(7), LABELS, bootstrap=5)
    one = Further("raf db", "test", scores, "ten_crop", UNLEAKED, {"contempt": 3})
    assert one.name == "raf_db-test-ten_crop-without_leaks"
    metrics = {"further": {one.name: json.loads(json.dumps(one.to_dict()))}}
    assert read_further(metrics) == {one.name: one}
    assert read_further({}) == {}
    for wrong in ({"further": [1]}, {"further": {"x": {"split": "test"}}}):
        with pytest.raises(FerError):
            read_further(wrong)


def test_results_never_go_into_the_cache_of_the_hub(folder: Path, csv_file: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(command, "find_folder", lambda _: folder)
    with pytest.raises(SystemExit):
        command.main(["--checkpoint", "org/face@v1", "--data", str(csv_file)])
    assert "org/face@v1 comes from the Hub: say with --output DIR" in capsys.readouterr().err
    assert not (folder / "metrics.json").exists()


def test_the_suite_of_disturbances_is_measured_on_validation_and_told_in_the_card(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = noise(28, "validation", 1)
    evaluate_checkpoint(folder, faces)
    monkeypatch.setattr(command, "load_mix", lambda _sources, split, _form, **_: replace(faces, split=split))
    about = ["--checkpoint", str(folder), "--data", "fer2013.csv", "--disturbed"]
    command.main(about)
    found = read_disturbed(folder)
    assert found is not None
    assert (found.split, found.n, found.data) == ("validation", 28, faces.fingerprint)
    assert [row.disturbance for row in found.strongest()] == list(SUITE)
    checkpoint_ = load_checkpoint(folder)
    before = predict(checkpoint_.model, faces, checkpoint_.config.input).argmax(1)
    mirrored = replace(faces, images=faces.images[:, :, ::-1].copy())
    said = predict(checkpoint_.model, mirrored, checkpoint_.config.input).argmax(1)
    row = next(row for row in found.rows if row.disturbance == "mirrored")
    assert row.unchanged.value == pytest.approx((said == before).float().mean().item())
    assert f"Worst: {found.worst.disturbance.replace('_', ' ')}" in (folder / "README.md").read_text()
    assert "low_resolution" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.main([*about, "--split", "test"])
    assert "own validation split" in capsys.readouterr().err


def test_a_broken_disturbed_file_is_one_sentence(folder: Path) -> None:
    (folder / DISTURBED).write_text('{"rows": []}')
    with pytest.raises(FerError, match=r"is not what training\.evaluate --disturbed writes"):
        read_disturbed(folder)


def test_photos_are_measured_by_the_faces_that_are_found_in_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, emotion in enumerate(["happy", "sad"] * 2):
        photo = np.full((300, 400, 3), 190, np.uint8)
        photo[60:252, 100:292] = draw_face(emotion, seed=place).pixels
        file = tmp_path / "mine" / "test" / emotion / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(file)
    Image.new("RGB", (300, 400), "gray").save(tmp_path / "mine" / "test" / "sad" / "nobody.png")
    faces, found = load_detected(str(tmp_path / "mine"), "test", ImageForm(gray=True, side=48))
    assert str(found) == "faces found in 4 of 5 photos (80.0 %); not found: 1 sad"
    assert faces.images.shape == (4, 48, 48)
    assert sorted(faces.labels.tolist()) == sorted([LABELS.index("happy"), LABELS.index("sad")] * 2)
    command.main(["--checkpoint", str(folder), "--data", str(tmp_path / "mine"), "--detect"])
    assert "faces found in 4 of 5 photos (80.0 %)" in capsys.readouterr().out
    assert read_further(read_metrics(folder))["mine-test"].scores.n == 4
    with pytest.raises(SystemExit):
        command.main(["--checkpoint", str(folder), "--data", "fer2013.csv", "--detect"])
    assert "--detect needs a folder of photos" in capsys.readouterr().err
