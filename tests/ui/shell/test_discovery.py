"""Adding a tab or a panel is adding a folder: one is added from a fixture, and it appears."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from fer_explain import ui
from fer_explain.ui import analyse
from fer_explain.ui.shell.discovery import layouts
from fer_explain.ui.shell.texts import LANGUAGES

ROOT = Path(__file__).resolve().parents[3]

TAB = """
import gradio as gr

NAME = "hello"
PLACE = 15


def build(page):
    gr.HTML(page.i18n("hello.title"), elem_id="hello")
"""
PANEL = """
import gradio as gr

from fer_explain.ui.analyse.section import Section

PLACE = 15


def build(page, session):
    return Section([gr.HTML(elem_id="mood")], lambda session, texts: {})
"""
# Puts a folder beside the page's own ones before any of it is imported, and builds the page.
BUILD = """
import json, sys
import gradio as gr
from fer_explain import ui
from fer_explain.ui import analyse
ui.__path__.append(sys.argv[1])
analyse.__path__.append(sys.argv[1] + "/analyse")
from fer_explain.analyzer import Analyzer
from fer_explain.ui.shell.files import files
from fer_explain.ui.shell.page import build_page
from fer_explain.ui.shell.texts import catalogue
blocks, _ = build_page(Analyzer())
parts = list(blocks.blocks.values())
tabs = [part.id for part in parts if isinstance(part, gr.Tab) and not str(part.id).startswith("bench-")]
names = [part.elem_id for part in parts if getattr(part, "elem_id", None)]
styles = [path.name for path in files("*.css")]
print(json.dumps({"tabs": tabs, "names": names, "styles": styles, "told": catalogue()["fr"]["tab.hello"]}))
"""


def add(folder: Path, layout: str, **texts: str) -> None:
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "layout.py").write_text(layout)
    (folder / f"{folder.name}.css").write_text("#hello { color: red; }")
    for language in LANGUAGES:
        (folder / f"{language}.json").write_text(json.dumps(texts))


def test_a_folder_with_a_layout_is_a_tab_and_one_in_analyse_a_panel(tmp_path: Path) -> None:
    add(tmp_path / "hello", TAB, **{"tab.hello": "Hello", "hello.title": "Good morning"})
    add(tmp_path / "analyse" / "mood", PANEL)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    page = json.loads(done.stdout.splitlines()[-1])
    assert page["tabs"] == ["analyse", "hello", "live", "compare", "benchmark", "about"]
    assert page["told"] == "Hello"
    assert {"hello.css", "mood.css"} <= set(page["styles"])
    assert page["styles"][0] in ("examples.css", "style.css"), "the shell's come first: the others build on them"
    order = [name for name in page["names"] if name in ("hello", "receipt", "mood", "studio")]
    assert order == ["receipt", "mood", "studio", "hello"]


def test_tabs_and_panels_have_places_of_their_own() -> None:
    for package in (ui, analyse):
        places = [layout.PLACE for layout in layouts(package)]
        assert len(places) == len(set(places)) == 5


def test_every_tab_is_called_like_its_folder() -> None:
    for layout in layouts(ui):
        assert layout.__name__.split(".")[-2] == layout.NAME
        assert f"tab.{layout.NAME}" in LANGUAGES["en"]
