"""The controls of an explanation: each parameter gets one, in every language."""

from __future__ import annotations

import re

import pytest

from fer_explain.explain.parameters import Parameter
from fer_explain.explain.registry import list_methods, method
from fer_explain.ui.analyse.heat_map.settings import settings
from fer_explain.ui.shell.session import Question
from fer_explain.ui.shell.texts import LANGUAGES, Texts

LABELS = ("happy", "sad")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", list_methods())
def test_every_explanation_and_setting_has_its_words_in_every_language(way: str, language: str) -> None:
    known = LANGUAGES[language]
    assert f"method.{way}" in known
    for parameter in method(way).parameters():
        assert f"setting.{parameter.name}" in known
        assert f"setting.{parameter.name}.help" in known
        assert all(f"setting.{parameter.name}.{choice}" in known for choice in parameter.choices)


@pytest.mark.parametrize("way", list_methods())
def test_every_parameter_has_one_labelled_control(way: str) -> None:
    parameters = method(way).parameters()
    page = settings("About it.", parameters, Question(None, way, "predicted"), ["stem", "body"], LABELS, Texts())
    assert "About it." in page
    controls = re.findall(r'data-setting="(\w+)"', page)
    assert list(dict.fromkeys(controls)) == [parameter.name for parameter in parameters]
    for target in re.findall(r'<label for="([^"]+)"', page):
        assert page.count(f'id="{target}"') == 1
    for described in re.findall(r'aria-describedby="([^"]+)"', page):
        assert page.count(f'id="{described}"') == 1


def test_controls_start_where_they_were_left() -> None:
    finer, occlusion = method("finer_cam").parameters(), method("occlusion").parameters()
    asked = Question("net", "finer_cam", "predicted", (("against", ("sad",)), ("layer", "body")))
    page = settings("", finer, asked, ["stem", "body"], LABELS, Texts())
    assert '<option value="body" selected>' in page
    assert page.count(" selected") == 1
    assert 'value="sad" checked' in page
    assert 'value="happy" checked' not in page
    asked = Question("net", "occlusion", "predicted", (("baseline", "blurred"), ("window", 0.35)))
    page = settings("", occlusion, asked, [], (), Texts())
    assert 'min="0.1" max="0.5" step="0.05" value="0.35"' in page
    assert ">0.35</output>" in page
    assert '<option value="blurred" selected>' in page


def test_a_parameter_nobody_translated_speaks_for_itself() -> None:
    own = Parameter("wobble", "choice", "a", "How it <wobbles>.", choices=("a", "b"))
    page = settings("", [own], Question(None, "own", "predicted"), [], (), Texts("fr"))
    assert ">wobble</label>" in page
    assert "How it &lt;wobbles&gt;." in page
    assert ">b</option>" in page


def test_a_change_says_what_it_is_meant_for() -> None:
    page = settings("", [], Question('a"b', "occlusion", "predicted"), [], (), Texts())
    assert 'data-method="occlusion" data-model="a&quot;b"' in page
