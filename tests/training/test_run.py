"""Training for real on a small learnable set: it learns, it resumes bit for bit, it ends in a whole checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from accelerate.state import AcceleratorState

from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import load_checkpoint, read_config
from fer_explain.hub.folder import CALIBRATION, DISTURBED, EXPLANATIONS, PREDICTIONS, PROFILE, REGION_PROFILE
from fer_explain.hub.remote import FILES
from training import evaluate, own_data, run
from training.config import TrainConfig
from training.data import ImageForm, load_split
from training.distill import fingerprint
from training.norms import measure_norms
from training.provenance import run_fingerprint
from training.state import FILE, RunState
from training.validation import predict

MODEL = "convnext_nano"
FAST = ["--model", MODEL, "--batch-size", "14", "--lr", "2e-3", "--rotate", "0", "--hflip", "0", "--erase", "0"]


def fingerprint_of(folder: Path) -> str:
    return fingerprint(load_checkpoint(str(folder)))


def arguments(csv_file: Path, output: Path, *more: str) -> list[str]:
    return [*FAST, "--data", str(csv_file), "--output", str(output), *more]


@pytest.fixture(autouse=True)
def fresh_accelerate() -> None:
    """Accelerate keeps its precision per process; a command line starts with a new one."""
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module")
def trained(csv_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "squares"
    run.main(arguments(csv_file, folder, "--epochs", "6"))
    return folder


def test_it_learns_and_leaves_a_whole_checkpoint(trained: Path, csv_file: Path) -> None:
    history = pd.read_csv(trained / "history.csv")
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0] - 0.1
    config = read_config(trained)
    best = history["validation_accuracy"].idxmax()
    assert config.provenance["epochs"] == history["epoch"][best]
    assert config.provenance["selected_on"] == "validation"
    assert not (trained / FILE).exists()
    evaluate.main(["--checkpoint", str(trained), "--data", str(csv_file), "--split", "test"])
    left = {str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file()}
    later = {PROFILE, REGION_PROFILE, DISTURBED, EXPLANATIONS, f"{PREDICTIONS}/{CALIBRATION}.parquet"}
    assert left == set(FILES) - later
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["splits"]["test"]["n"] == metrics["splits"]["validation"]["n"] == 14
    assert metrics["temperature"] == load_checkpoint(trained).config.temperature > 0


def test_saved_predictions_are_the_checkpoints(trained: Path, csv_file: Path) -> None:
    table = pd.read_parquet(trained / "predictions" / "validation.parquet")
    checkpoint = load_checkpoint(trained)
    faces = load_split(str(csv_file), "validation", ImageForm())
    assert table["row"].tolist() == faces.rows.tolist()
    logits = torch.tensor(table.filter(like="logit_").to_numpy())
    torch.testing.assert_close(logits, predict(checkpoint.model, faces, checkpoint.config.input))


def test_a_finished_folder_is_not_overwritten(
    trained: Path, csv_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(arguments(csv_file, trained))
    assert stop.value.code == 2
    assert "already holds a checkpoint" in capsys.readouterr().err


def test_resume_refuses_what_it_cannot_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="start without --resume"):
        RunState.load(tmp_path, "abc")
    (tmp_path / FILE).write_bytes(b"damaged")
    with pytest.raises(FerError, match="not a readable training state"):
        RunState.load(tmp_path, "abc")
    RunState("abc", step=3).save(tmp_path)
    assert RunState.load(tmp_path, "abc").step == 3
    with pytest.raises(FerError, match="other options or data"):
        RunState.load(tmp_path, "abcd")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--model", "emonext_tyni"], "did you mean"),
        (["--batch-size", "500"], "larger than the training split"),
        (["--recipe", "nope"], "there is no such recipe"),
        (["--model", "timm:resnet18", "--pretrained", "none.safetensors"], "not a readable safetensors file"),
        (["--model-arg", "widths=3"], "has no option"),
        (["--precision", "fp16"], "needs a GPU"),
        (["--accumulate", "4"], "must be a multiple of 4"),
        (["--time-budget", "-1"], "at least 0"),
        (["--distill", "0.5"], "needs at least one --teacher"),
        (["--votes", "0.5"], "it needs at least one --teacher"),
        (["--start", "emonext_nano"], "was trained on other data"),
        (["--start", "emonext_nano", "--pretrained"], "give one of them"),
        (["--teacher", "emonext_nano", "--distill", "0.5"], "was trained on other data"),
    ],
)
def test_bad_input_is_one_sentence(
    csv_file: Path, tmp_path: Path, flags: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(arguments(csv_file, tmp_path / "out", *flags))
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert sentence in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_an_unknown_flag_is_named(csv_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(arguments(csv_file, tmp_path, "--learning-rte", "1"))
    assert stop.value.code == 2
    assert "--learning-rte" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--precision", "bf16", "--views", "flip"],
        ["--mixup", "0.3", "--cutmix", "1", "--class-weights", "root", "--accumulate", "2"],
        ["--optimizer", "sgd", "--ema", "0", "--recipe", "swin_se_resnet"],
        ["--recipe", "emonext", "--precision", "no"],
    ],
)
def test_options_run_one_epoch(csv_file: Path, tmp_path: Path, options: list[str]) -> None:
    run.main(arguments(csv_file, tmp_path / "out", "--model", "emonext_nano", "--epochs", "1", *options))
    assert (tmp_path / "out" / "README.md").exists()


def test_the_released_recipe_changes_the_input_and_keeps_the_last_epoch(csv_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    options = ["--recipe", "emonext", "--precision", "no", "--model", "emonext_nano", "--epochs", "2"]
    run.main(arguments(csv_file, output, *options))
    config = read_config(output)
    assert (config.input.mean, config.input.std) == ((0.0,) * 3, (1.0,) * 3)
    assert config.model_args["se_placement"] == "downsample"
    assert config.provenance["epochs"] == 2
    assert "validation-ten_crop" in json.loads((output / "metrics.json").read_text())["further"]


def test_print_config_needs_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    run.main(["--model", MODEL, "--recipe", "modern", "--lr", "0.5", "--print-config"])
    printed = capsys.readouterr().out
    assert "# recipe modern.toml" in printed
    assert "lr = 0.5" in printed


def test_a_mix_without_leaks_is_trained_on_and_tracked(csv_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    output = tmp_path / "out"
    run.main(arguments(csv_file, output, "--epochs", "1", "--balanced", "--drop-leaks", "--track", "tensorboard"))
    assert list((output / "tensorboard").rglob("events.*"))


def test_a_fold_is_the_validation_split(csv_file: Path, tmp_path: Path) -> None:
    rows = load_split(str(csv_file), "train", ImageForm()).rows
    table = pd.DataFrame({"row": rows, "fold": (rows // 7) % 3})
    table.to_csv(tmp_path / "folds.csv", index=False)
    output = tmp_path / "out"
    run.main(arguments(csv_file, output, "--epochs", "1", "--folds", str(tmp_path / "folds.csv"), "--fold", "1"))
    predicted = pd.read_parquet(output / "predictions" / "validation.parquet")
    assert predicted["row"].tolist() == table["row"][table["fold"] == 1].tolist()


def test_students_learn_from_a_teacher_and_share_its_answers(trained: Path, csv_file: Path, tmp_path: Path) -> None:
    options = [
        "--epochs",
        "1",
        "--teacher",
        str(trained),
        "--distill",
        "0.5",
        "--teacher-cache",
        str(tmp_path / "cache"),
    ]
    for student in ("first", "second"):
        run.main(arguments(csv_file, tmp_path / student, *options, "--seed", str(len(student))))
    assert len(list((tmp_path / "cache").iterdir())) == 1
    teachers = read_config(tmp_path / "second").provenance["teachers"]
    assert [teacher["name"] for teacher in teachers] == [trained.name]


def test_a_run_goes_on_from_a_checkpoint_with_a_fresh_schedule(trained: Path, csv_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "further"
    run.main(arguments(csv_file, output, "--epochs", "1", "--lr", "0", "--ema", "0", "--start", str(trained)))
    start, end = (dict(load_checkpoint(folder).model.named_parameters()) for folder in (trained, output))
    assert all(torch.equal(start[name], value) for name, value in end.items())  # at a rate of 0
    assert read_config(output).provenance["starts"] == [{"name": trained.name, "fingerprint": fingerprint_of(trained)}]


def test_several_starts_are_averaged(trained: Path, csv_file: Path, tmp_path: Path) -> None:
    still = ["--epochs", "1", "--lr", "0", "--ema", "0"]
    other, output = tmp_path / "other", tmp_path / "soup"
    run.main(arguments(csv_file, other, *still, "--seed", "1"))
    run.main(arguments(csv_file, output, *still, "--start", str(trained), "--start", str(other)))
    one, two, soup = (dict(load_checkpoint(folder).model.named_parameters()) for folder in (trained, other, output))
    assert any(not torch.equal(one[name], two[name]) for name in one)
    for name, value in soup.items():
        torch.testing.assert_close(value, (one[name] + two[name]) / 2, atol=1e-3, rtol=1e-3)  # stored as fp16
    assert [start["name"] for start in read_config(output).provenance["starts"]] == [trained.name, "other"]


def test_precise_bn_leaves_the_statistics_of_plain_training_faces(csv_file: Path, tmp_path: Path) -> None:
    flags = ["--epochs", "1", "--precise-bn", "64", "--model", "resnet_compact"]
    run.main([*arguments(csv_file, tmp_path / "precise"), *flags])
    checkpoint = load_checkpoint(tmp_path / "precise")
    kept = {name: value.clone() for name, value in checkpoint.model.named_buffers() if "running" in name}
    train = load_split(str(csv_file), "train", ImageForm())
    measure_norms(checkpoint.model, train, 64, checkpoint.config.input)
    found = dict(checkpoint.model.named_buffers())
    assert kept
    for name, value in kept.items():
        torch.testing.assert_close(found[name], value, rtol=0.02, atol=0.01)  # the weights are stored as fp16


def test_a_start_of_another_architecture_is_refused(
    trained: Path, csv_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run.main([*arguments(csv_file, tmp_path / "other", "--start", str(trained)), "--model", "vgg_compact"])
    assert f"--start {trained.name}: it is a {MODEL}, not a vgg_compact" in capsys.readouterr().err


def test_large_photos_are_kept_as_large_as_the_run_needs_them(
    csv_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ImageForm] = []

    def load(_sources: object, _split: str, form: ImageForm, **_: object) -> None:
        asked.append(form)
        raise FerError("seen")

    monkeypatch.setattr(own_data, "load_mix", load)
    for flags in ([], ["--input-size", "96"], ["--train-size", "80"]):
        with pytest.raises(SystemExit):
            run.main(arguments(csv_file, tmp_path / "out", *flags))
    assert [form.side for form in asked] == [48, 96, 80]


def test_what_a_run_starts_from_and_what_teaches_it_are_told_apart(csv_file: Path) -> None:
    faces = load_split(str(csv_file), "train", ImageForm())
    prints = {
        run_fingerprint(MODEL, TrainConfig(), faces, faces, teachers, start)
        for teachers, start in (((), ""), (("a",), ""), ((), "a"), (("a", "b"), ""), (("a",), "b"))
    }
    assert len(prints) == 5
