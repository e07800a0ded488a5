"""The faces of the Benchmark tab, and prediction sets beside an answer, as HTML."""

import re

import numpy as np

from fer_explain.benchmark.conformal import ConformalRule
from fer_explain.benchmark.saved import Saved
from fer_explain.emotions import LABELS
from fer_explain.types import Prediction
from fer_explain.ui.analyse.answer.view import verdict
from fer_explain.ui.benchmark.state import PAGE, pages
from fer_explain.ui.benchmark.view import Card, gallery, row_list
from fer_explain.ui.shell.texts import LANGUAGES, Texts

TEXTS = Texts()
LOGITS = 2 * np.eye(7)[[2, 4]]


def saved(name: str = "net") -> Saved:
    return Saved(name, "test", np.array([10, 20]), np.array([2, 2]), LOGITS, 1.0, LABELS)


def card(row: int = 20, *, picture: bool = True, duplicate: bool | None = None, **votes: int) -> Card:
    return Card(row, np.zeros((4, 4, 3), np.uint8) if picture else None, votes, duplicate)


def test_a_face_says_who_was_right_and_how_sure() -> None:
    page = gallery([card(10), card(20, sad=7, fear=3)], [saved(), saved("other")], TEXTS)
    right, wrong = page.split("<li ")[1:]
    assert 'data-row="10"' in right
    assert right.count('data-right="true"') == wrong.count('data-right="false"') == 2
    assert "Fear 55 %" in right
    assert re.search(r"Sad 55 % <small>\(Fear 7 %\)", wrong)
    assert "FER+: Sad 7, Fear 3" in wrong
    assert "FER+" not in right


def test_all_probabilities_of_all_models_are_in_the_table() -> None:
    [table] = re.findall(r"<table.*?</table>", gallery([card()], [saved(), saved("other")], TEXTS))
    assert len(re.findall(r"<td>\d+ %</td>", table)) == 14
    assert re.findall(r'<th scope="col">(\d)</th>', table) == ["1", "2"]


def test_only_a_face_with_a_picture_can_be_opened() -> None:
    assert re.findall(r'data-open="(\w+)"', gallery([card()], [saved()], TEXTS)) == ["analyse", "compare"]
    assert "data-open" not in gallery([card(picture=False)], [saved()], TEXTS)


def test_duplicates_are_marked_where_they_are_known() -> None:
    marked = [gallery([card(duplicate=known)], [saved()], TEXTS).count("fer-badge") for known in (True, False, None)]
    assert marked == [1, 0, 0]


def test_names_from_outside_are_escaped() -> None:
    assert "<i>" not in gallery([card()], [saved("<i>net</i>")], TEXTS)


def test_without_pictures_there_are_rows_and_a_way_to_get_them() -> None:
    page = row_list(np.array([5, 7]), TEXTS)
    assert "<code>5 7</code>" in page
    assert "--data" in page
    assert row_list(np.array([], int), TEXTS) == ""


def test_pages_hold_two_dozen_faces() -> None:
    assert PAGE == 24
    assert [pages(np.arange(n)) for n in (0, 1, 24, 25, 48, 49)] == [1, 1, 1, 2, 2, 3]


def answer(level: float, threshold: float) -> str:
    p = np.array([0.05, 0.01, 0.02, 0.02, 0.6, 0.0, 0.3])
    prediction = Prediction(np.log(np.maximum(p, 1e-9)), p, LABELS)
    return verdict(prediction, "net", trained=True, texts=TEXTS, rule=ConformalRule(level, threshold, "lac", 3589))


def test_a_set_names_its_classes_most_probable_first_and_its_level() -> None:
    page = answer(0.9, threshold=0.75)
    assert "<summary>At the 90 % level: Sad or Neutral</summary>" in page
    assert "3,589" in page
    assert "<summary>At the 80 % level: Sad</summary>" in answer(0.8, threshold=0.5)


def test_without_a_rule_nothing_is_said_of_sets() -> None:
    p = np.full(7, 1 / 7)
    assert "fer-set" not in verdict(Prediction(p, p, LABELS), "net", trained=True, texts=TEXTS)


def test_sets_are_told_in_every_language() -> None:
    told = {Texts(language)("bench.set.or").strip() for language in LANGUAGES}
    assert len(told) == len(LANGUAGES)
