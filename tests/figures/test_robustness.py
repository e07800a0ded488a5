"""The matrices of networks under disturbances."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fer_explain.benchmark.disturbances import SUITE
from fer_explain.benchmark.disturbed import Disturbed, row, share
from fer_explain.figures.chart import to_json
from fer_explain.figures.robustness import robustness_charts
from fer_explain.figures.words import English
from fer_explain.hub.folder import list_checkpoints
from fer_explain.hub.results import find_results
from fer_explain.ui.shell.texts import LANGUAGES, Texts

WORDS = English()
LABELS = np.arange(40) % 7


def measured(wrong: int, data: str = "abc") -> Disturbed:
    """A network that is wrong on the first ``wrong`` faces at strength 1, on twice as many at strength 2."""
    rows = []
    for name, strengths in (("blur", (1, 2)), ("mirrored", (1,))):
        for strength in strengths:
            said = LABELS.copy()
            said[: wrong * strength] = (said[: wrong * strength] + 1) % 7
            rows.append(row(name, strength, 0.1 * strength, said, LABELS, LABELS))
    return Disturbed("validation", 40, data, 0, share(np.ones(40, bool)), tuple(rows))


def test_a_cell_is_the_accuracy_at_the_chosen_strength() -> None:
    accuracy, unchanged = robustness_charts({"a": measured(4), "b": measured(0)}, 2, WORDS)
    matrix = accuracy.figure.data[0]
    assert list(matrix.x) == ["As it is", "Blurred", "Mirrored"]
    assert list(matrix.y) == ["a", "b"]
    np.testing.assert_allclose(matrix.z, [[100, 80, 90], [100, 100, 100]])
    np.testing.assert_allclose(unchanged.figure.data[0].z, [[80, 90], [100, 100]])
    np.testing.assert_allclose(robustness_charts({"a": measured(4)}, 1, WORDS)[0].figure.data[0].z, [[100, 90, 90]])
    assert "[" in matrix.customdata[0][1]  # the interval


def test_all_strengths_are_in_the_table() -> None:
    accuracy, _ = robustness_charts({"a": measured(4)}, 1, WORDS)
    assert [(entry[1], entry[2], entry[4]) for entry in accuracy.rows] == [
        ("Blurred", 1, 0.9),
        ("Blurred", 2, 0.8),
        ("Mirrored", 1, 0.9),
    ]
    assert len(accuracy.columns) == len(accuracy.rows[0])


def test_other_faces_are_not_compared_and_said() -> None:
    accuracy, _ = robustness_charts({"a": measured(4), "b": measured(0, "other")}, 1, WORDS)
    assert list(accuracy.figure.data[0].y) == ["a"]
    assert any("b" in sentence and "other faces" in sentence for sentence in accuracy.note)
    assert "40 faces of validation" in accuracy.note[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_disturbance_has_a_name(language: str) -> None:
    texts = Texts(language)
    assert len({texts(f"bench.disturbance.{name}") for name in SUITE}) == len(SUITE)


def test_the_embedded_networks_are_shown_together() -> None:
    found = {name: find_results(name).disturbed for name in list_checkpoints()}
    known = {name: each for name, each in found.items() if each is not None}
    accuracy, _ = robustness_charts(known, 3, WORDS)
    assert accuracy.figure.data[0].z.shape == (len(known), len(SUITE) + 1)
    assert len(json.loads(to_json([accuracy], WORDS))["charts"][0]["rows"]) == sum(
        len(each.rows) for each in known.values()
    )
