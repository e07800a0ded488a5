from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fer_explain.benchmark.disturbances import disturb
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import Checkpoint, CheckpointConfig
from fer_explain.types import InputSpec
from training import distill
from training.augment import DRAWS
from training.batches import make_batch, on_device
from training.config import TrainConfig
from training.data import FaceSet
from training.distill import VIEWS, fingerprint, load_earlier, soften, teach

SPEC = InputSpec(8, 1, (0.0,), (1.0,))
CPU = torch.device("cpu")


def faces() -> FaceSet:
    rng = np.random.default_rng(0)
    return FaceSet("f", "train", rng.integers(0, 256, (9, 8, 8), dtype=np.uint8), np.arange(9) % 7, np.arange(9))


class Sides(nn.Module):
    """Logits that tell left from right: the mean of each column, of which there is one per class and one more."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(4.0))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        logits: Tensor = x.mean((1, 2))[:, :7] * self.scale
        return logits


def teacher(folder: Path, labels: tuple[str, ...] = LABELS, temperature: float = 1.0, **provenance: Any) -> Checkpoint:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("model.safetensors", "config.json"):
        (folder / name).write_text(f"{folder.name} {temperature}")
    said = {"data": {"train": faces().fingerprint}, "selected_on": "validation"} | provenance
    config = CheckpointConfig("sides", labels, SPEC, temperature=temperature, provenance=said)
    return Checkpoint(folder.name, folder, config, {}, Sides().eval())


def test_answers_are_the_mean_of_calibrated_probabilities_plain_and_mirrored(tmp_path: Path) -> None:
    train = faces()
    teachers = [teacher(tmp_path / "a"), teacher(tmp_path / "b", temperature=2.0)]
    answers = teach(teachers, train, tmp_path / "cache", CPU)
    x = torch.from_numpy(train.images).float()[:, None] / 255
    for side, view in enumerate((x, x.flip(-1))):
        logits = view.mean((1, 2))[:, :7] * 4
        expected = (logits.softmax(-1) + (logits / 2).softmax(-1)) / 2
        torch.testing.assert_close(answers[side], expected)


def test_teachers_who_see_disturbed_faces_answer_by_all_they_saw(tmp_path: Path) -> None:
    train = faces()
    one = teacher(tmp_path / "a")
    plain = teach([one], train, tmp_path / "cache", CPU)
    asked = one.model.calls
    answers = teach([one], train, tmp_path / "cache", CPU, disturbed=True)
    assert one.model.calls == asked + len(VIEWS)  # the plain answers were there
    seen = [torch.from_numpy(disturb(train.images, view, 3)).float()[:, None] / 255 for view in VIEWS]
    others = torch.stack([(x.mean((1, 2))[:, :7] * 4).softmax(-1) for x in seen]).mean(0)
    for side in answers:
        torch.testing.assert_close(side, (plain.mean(0) + others) / 2)
    teach([one], train, tmp_path / "cache", CPU, disturbed=True)
    assert one.model.calls == asked + len(VIEWS)


def test_images_are_disturbed_alike_in_any_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = teach([teacher(tmp_path / "a")], faces(), tmp_path / "1", CPU, disturbed=True)
    monkeypatch.setattr(distill, "_BATCH", 2)
    torch.testing.assert_close(teach([teacher(tmp_path / "a")], faces(), tmp_path / "2", CPU, disturbed=True), whole)


def test_classes_are_mapped_by_name(tmp_path: Path) -> None:
    shuffled = (*LABELS[1:], LABELS[0])
    plain = teach([teacher(tmp_path / "a")], faces(), tmp_path / "1", CPU)
    other = teach([teacher(tmp_path / "a", shuffled)], faces(), tmp_path / "2", CPU)
    torch.testing.assert_close(other, plain.roll(1, dims=-1))


def test_a_second_student_finds_the_answers_and_other_teachers_do_not(tmp_path: Path) -> None:
    first = teacher(tmp_path / "a")
    answers = teach([first], faces(), tmp_path / "cache", CPU)
    asked = first.model.calls
    assert torch.equal(teach([first], faces(), tmp_path / "cache", CPU), answers)
    assert first.model.calls == asked
    another = teacher(tmp_path / "b")
    assert fingerprint(another) != fingerprint(first)
    teach([another], faces(), tmp_path / "cache", CPU)
    assert another.model.calls > 0


def test_sets_of_teachers_share_the_answers_of_each(tmp_path: Path) -> None:
    first, second = teacher(tmp_path / "a"), teacher(tmp_path / "b", temperature=2.0)
    alone = teach([first], faces(), tmp_path / "cache", CPU)
    asked = first.model.calls
    both = teach([first, second], faces(), tmp_path / "cache", CPU)
    assert first.model.calls == asked
    torch.testing.assert_close(both, (alone + teach([second], faces(), tmp_path / "cache", CPU)) / 2)


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    answers = teach([teacher(tmp_path / "a")], faces(), tmp_path / "cache", CPU)
    next((tmp_path / "cache").iterdir()).write_bytes(b"damaged")
    assert torch.equal(teach([teacher(tmp_path / "a")], faces(), tmp_path / "cache", CPU), answers)


@pytest.mark.parametrize(
    ("provenance", "sentence"),
    [
        ({"data": {"train": "other"}}, r"was trained on other data \(other\)"),
        ({"data": {}}, "was trained on other data"),
        ({"selected_on": "test"}, "selected on 'test', not on validation alone"),
        ({"selected_on": None}, "not on validation alone"),
    ],
)
def test_a_teacher_that_knows_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provenance: dict[str, Any], sentence: str
) -> None:
    monkeypatch.setattr(distill, "load_checkpoint", lambda _: teacher(tmp_path / "a", **provenance))
    with pytest.raises(FerError, match=f"--teacher a: .*{sentence}"):
        load_earlier("--teacher", ["a"], faces())


def test_other_files_of_the_same_split_are_taken_at_the_users_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_anew = {"data": {"train": "other"}}
    monkeypatch.setattr(distill, "load_checkpoint", lambda _: teacher(tmp_path / "a", **stored_anew))
    assert len(load_earlier("--teacher", ["a"], faces(), same_split=True)) == 1
    monkeypatch.setattr(
        distill, "load_checkpoint", lambda _: teacher(tmp_path / "a", selected_on="test", **stored_anew)
    )
    with pytest.raises(FerError, match="selected on 'test'"):
        load_earlier("--teacher", ["a"], faces(), same_split=True)


def test_a_teacher_that_lacks_a_class_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distill, "load_checkpoint", lambda _: teacher(tmp_path / "a", LABELS[:6]))
    with pytest.raises(FerError, match="it does not know neutral"):
        load_earlier("--teacher", ["a"], faces())


def test_softening_is_that_of_logits() -> None:
    logits = torch.randn(5, 7)
    torch.testing.assert_close(soften(logits.softmax(-1), 3.0), (logits / 3).softmax(-1))
    torch.testing.assert_close(soften(logits.softmax(-1), 1.0), logits.softmax(-1))


def test_a_mirrored_view_gets_what_was_said_of_the_mirrored_face() -> None:
    train = faces()
    teachers = torch.rand(2, len(train), 7)
    rows, draws = torch.tensor([4, 2, 7]), torch.rand(3, DRAWS)
    draws[:, 0] = torch.tensor([0.1, 0.9, 0.2])  # below 0.5: mirrored
    _, targets = make_batch(on_device(train, CPU, teachers), rows, draws, SPEC, TrainConfig())
    torch.testing.assert_close(targets[:, 7:], torch.stack([teachers[1, 4], teachers[0, 2], teachers[1, 7]]))


def test_mixup_mixes_what_the_teachers_say_like_the_labels() -> None:
    torch.manual_seed(0)
    train = faces()
    answers = torch.nn.functional.one_hot(torch.from_numpy(train.labels), 7).float().expand(2, -1, -1)
    config = TrainConfig(mixup=1.0, label_smoothing=0.0)
    split = on_device(train, CPU, answers)
    _, targets = make_batch(split, torch.arange(8), torch.rand(8, DRAWS), SPEC, config)
    torch.testing.assert_close(targets[:, :7], targets[:, 7:])
    assert (targets[:, :7].max(1).values < 1).any()
