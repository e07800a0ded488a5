"""What the About tab says of a model, from its folder alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.hub.folder import DEFAULT, EMBEDDED
from fer_explain.hub.history import History, read_history
from fer_explain.ui.about.layout import describe
from fer_explain.ui.about.view import training_told
from fer_explain.ui.shell.texts import LANGUAGES, Texts

HISTORY = History((1, 2, 3), (1.8, 1.5, 1.2), (1.7, 1.6, 1.6), (0.3, 0.512, 0.5))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_training_is_told_in_a_sentence(language: str) -> None:
    told = training_told(HISTORY, Texts(language))
    assert "51.2 %" in told
    assert "{" not in told
    assert training_told(None, Texts(language)) != told


def test_a_model_is_described_by_errors_curves_and_card() -> None:
    about = describe(Analyzer(), DEFAULT, Texts("fr"))
    history = read_history(EMBEDDED / DEFAULT)
    assert history is not None
    assert about.curves is not None
    assert about.curves.data[0].y == history.train_loss
    assert about.curves.data[0].name == "entraînement"
    assert f"{100 * history.validation_accuracy[history.kept]:.1f} %" in about.told
    assert about.card.startswith(f"# {DEFAULT}")
    assert "fer-table" in about.errors


@pytest.mark.parametrize(
    ("text", "said"), [(None, "No record of the training"), ("epoch\n1\n", "should hold the columns epoch")]
)
def test_without_a_readable_history_a_sentence_says_so(tmp_path: Path, text: str | None, said: str) -> None:
    folder = shutil.copytree(EMBEDDED / DEFAULT, tmp_path / "copy")
    (folder / "history.csv").unlink()
    if text:
        (folder / "history.csv").write_text(text)
    about = describe(Analyzer([folder]), "copy", Texts())
    assert about.curves is None
    assert said in about.told
