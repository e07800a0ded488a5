"""All languages say everything, with the same blanks."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest

from fer_explain.emotions import LABELS
from fer_explain.ui.shell.texts import LANGUAGES, Texts

UI = Path(__file__).resolve().parents[3] / "fer_explain" / "ui"


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_with_the_same_blanks(language: str) -> None:
    assert LANGUAGES[language].keys() == LANGUAGES["en"].keys()
    for key, text in LANGUAGES[language].items():
        assert text.strip(), key
        assert blanks(text) == blanks(LANGUAGES["en"][key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_emotion_has_its_own_name(language: str) -> None:
    texts = Texts(language)
    assert len({texts.emotion(label) for label in (*LABELS, "contempt")}) == 8
    assert texts.emotion("contempt") != "contempt"
    assert texts.emotion("tired") == "tired"


@pytest.mark.parametrize("folder", sorted({path.parent for path in UI.rglob("en.json")}), ids=lambda path: path.name)
def test_a_folder_has_all_languages_and_says_nothing_twice(folder: Path) -> None:
    assert {path.stem for path in folder.glob("*.json")} == LANGUAGES.keys()
    own = json.loads((folder / "en.json").read_text()).keys()
    elsewhere = [path for path in UI.rglob("en.json") if path.parent != folder]
    assert not any(own & json.loads(path.read_text()).keys() for path in elsewhere)


def test_every_key_the_code_names_exists() -> None:
    code = "\n".join(path.read_text() for path in UI.rglob("*.py"))
    named = set(re.findall(r"""(?:text|texts|i18n)\(["']([a-z_]+(?:\.[a-z_]+)+)["']""", code))
    assert len(named) > 30
    assert named <= LANGUAGES["en"].keys()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("de, vi;q=0.5, en;q=0.7", "en"),
        ("zh-TW", "zh"),
        ("xx", "en"),
        (None, "en"),
        ("fr;q=oops, vi", "vi"),
    ],
)
def test_the_header_chooses_the_language(header: str | None, language: str) -> None:
    assert Texts.of(header).language == language
