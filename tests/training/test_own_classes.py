"""Which classes are learned: the data's own, chosen, ordered, renamed, merged; and what is no class is named."""

from __future__ import annotations

import pytest

from fer_explain.emotions import COLORS, LABELS, color_of
from fer_explain.errors import FerError
from training.data.classes import SEVEN, choose_classes, classes_of

AFFECTNET = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt", "none", "uncertain"]


def test_fer2013s_names_and_synonyms_are_its_seven() -> None:
    named = ["Anger", "Disgusted", "fear", "Happiness", "sadness", "Surprised", "calm"]
    assert choose_classes(named, "", "x") is SEVEN
    assert [SEVEN.index(name) for name in named] == list(range(7))


def test_other_names_are_kept_and_sorted() -> None:
    assert choose_classes(["tired", "Focused", "bored"], "", "x").names == ("bored", "Focused", "tired")
    assert choose_classes(["happy", "sad", "Anger"], "", "x").names == ("angry", "happy", "sad")
    eight = choose_classes(AFFECTNET, "", "x")
    assert eight.names == tuple(sorted([*LABELS, "contempt"]))
    assert eight.index("anger") == 0
    assert eight.index("uncertain") is None


def test_two_names_of_one_emotion_side_by_side_are_two_classes() -> None:
    two = choose_classes(["joy", "happiness", "sad"], "", "x")
    assert two.names == ("happiness", "joy", "sad")
    assert [two.index(name) for name in ("joy", "happiness")] == [1, 0]


def test_capitals_make_no_class_of_their_own() -> None:
    one = choose_classes(["Tired", "tired", "bored"], "", "x")
    assert one.names == ("bored", "Tired")
    assert one.index("tired") == one.index("Tired") == 1


def test_chosen_classes_have_the_order_they_were_named_in() -> None:
    chosen = choose_classes(LABELS, "happy,sad,angry,neutral", "x")
    assert chosen.names == ("happy", "sad", "angry", "neutral")
    assert chosen.index("fear") is None
    assert choose_classes(["Anger", "Happiness"], "happy, angry", "x").index("Anger") == 1


def test_several_names_become_one() -> None:
    merged = choose_classes(["joy", "contentment", "sad", "happy"], "joy=happy,contentment=happy,sad=sad", "x")
    assert merged.names == ("happy", "sad")
    assert [merged.index(name) for name in ("joy", "contentment", "sad")] == [0, 0, 1]
    assert merged.renamed == {"joy": "happy", "contentment": "happy"}
    again = classes_of(merged.names, merged.renamed)  # as a checkpoint remembers it
    assert [again.index(name) for name in ("joy", "contentment", "sad")] == [0, 0, 1]


@pytest.mark.parametrize(
    ("found", "wanted", "sentence"),
    [
        (LABELS, "hapy,sad", "no class 'hapy'; they have angry, disgust"),
        (LABELS, "happy", "2 to 100 classes can be learned; these are 1"),
        (LABELS, "happy,happy", "'happy' is named twice"),
        (LABELS, "happy=,sad", "'happy=' is no class"),
        (LABELS, "happy,,sad", "'' is no class"),
        ([], "", "these are 0"),
        ([f"c{i}" for i in range(101)], "", "these are 101"),
    ],
)
def test_what_cannot_be_learned_is_said(found: list[str], wanted: str, sentence: str) -> None:
    with pytest.raises(FerError, match=sentence):
        choose_classes(found, wanted, "x")


def test_the_seven_keep_their_colours_and_no_two_classes_share_one() -> None:
    assert [color_of(label, LABELS) for label in LABELS] == list(COLORS.values())
    assert color_of("Happiness", ("Happiness", "Tired")) == COLORS["happy"]
    for labels in (("joy", "happy"), (*LABELS, "contempt", "tired"), tuple(f"c{i}" for i in range(100))):
        assert len({color_of(label, labels) for label in labels}) == len(labels)
    assert color_of("tired", ("bored", "tired")) == color_of("x", ("a", "x"))
