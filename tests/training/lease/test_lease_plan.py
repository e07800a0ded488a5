"""Plans of a lease: what they may say, how they are stretched, and what is left out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_explain.errors import FerError
from training.lease.plan import PLANS, Training, Wave, cut, list_plans, read_plan, scaled

TRAINING = 'model = "resnet_compact"\n'


def plan(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", list_plans())
def test_plans_that_lie_here_can_be_followed(name):
    waves = read_plan(PLANS / f"{name}.toml")
    names = [training.name for wave in waves for training in wave.trainings]
    assert len(set(names)) == len(names) > 0


def test_the_full_size_plan_has_every_network_of_the_papers():
    waves = {wave.name: wave for wave in read_plan(PLANS / "full_size.toml")}
    networks = {training.model for training in waves["full_size"].trainings}
    assert networks == {
        "emonext_tiny",
        "emonext_tiny_nosa",
        "convnext_tiny",
        "resnet34_unet_eca",
        "swin_se_resnet",
        "swin_tiny",
        "resnet50",
        "vgg19",
        "hybrid_cbam",
    }
    assert all(training.test and not training.weights for training in waves["full_size"].trainings)


def test_times_are_stretched_together(tmp_path):
    waves = read_plan(plan(tmp_path, f"[a]\nseconds = 10\n[a.one]\n{TRAINING}[b]\nseconds = 30\n[b.two]\n{TRAINING}"))
    assert [wave.seconds for wave in scaled(waves, 20)] == [5, 15]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a]\n[a.one]\n" + TRAINING, "wave 'a' is not understood"),
        ("[a]\nseconds = 1\n[a.one]\n" + TRAINING + "wrong = 1\n", "wave 'a' is not understood"),
        ("[a]\nseconds = 1\n[a.one]\n" + TRAINING + 'teachers = ["two"]\n', "'one' learns from 'two'"),
        ("[a]\nseconds = 1\n[a.one]\n" + TRAINING + 'start = "two"\n', "'one' starts from 'two'"),
        ("[a]\nseconds = 1\n[a.one]\n" + TRAINING + "options = { lr = -1.0 }\n", "--lr must be at least 0"),
        ("[a", "not valid TOML"),
    ],
)
def test_a_wrong_plan_is_refused_in_one_sentence(tmp_path, text, sentence):
    with pytest.raises(FerError, match=sentence):
        read_plan(plan(tmp_path, text))


def test_a_missing_plan_names_those_there_are(tmp_path):
    with pytest.raises(FerError, match="full_size"):
        read_plan(tmp_path / "none.toml")


def test_what_would_get_too_few_epochs_is_left_out_the_least_worth_first():
    trainings = tuple(Training(name, "resnet_compact", least_epochs=4) for name in ("first", "second", "third"))
    waves = (Wave("only", 30.0, trainings),)
    kept, told = cut(waves, {"first": 50, "second": 50, "third": 50}, images=100)
    assert [training.name for training in kept[0].trainings] == ["first", "second", "third"]
    kept, told = cut(waves, {"first": 30, "second": 30, "third": 30}, images=100)
    assert [training.name for training in kept[0].trainings] == ["first", "second"]
    assert told == ["third: left out, it would get 3.0 of 4 epochs"]
    assert cut(waves, dict.fromkeys(("first", "second", "third"), 1), images=100)[0] == ()


def test_what_was_not_timed_stays():
    waves = (Wave("only", 1.0, (Training("one", "resnet_compact", least_epochs=100),)),)
    assert cut(waves, {}, 10_000) == (waves, [])
