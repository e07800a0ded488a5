"""The wheel, installed where nothing of the repository can be imported, and used from another folder."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

import fer_explain as fx
from fer_explain.faces.drawn import draw_face
from fer_explain.hub.folder import DEFAULT, list_checkpoints, list_results

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 64 * 2**20  # bytes; the package index takes 100 MB


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built, without a network, from a copy of what is committed or would be: builds leave folders behind."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in names:
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "docs/", "spaces/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    _pip("wheel", "--no-build-isolation", "-w", str(built), str(source))
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is installed; its requirements are those of the running environment."""
    folder = tmp_path_factory.mktemp("site")
    _pip("install", "--target", str(folder), str(wheel))
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tmp_path


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments[:1], "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, "--no-index", *arguments[1:]], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def _environment(site: Path) -> dict[str, str]:
    foreign = ("GRADIO_", "SPACE_", "FER_EXPLAIN_", "PYTHON")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return kept | {"PYTHONPATH": str(site)}


def _run(site: Path, folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=_environment(site), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_holds_the_library_its_checkpoints_and_its_results_and_nothing_of_another_name(wheel: Path, site: Path):
    assert wheel.stat().st_size < LARGEST
    rooms = {path.name for path in site.iterdir()} - {"bin"}
    assert rooms == {"fer_explain", "training", f"fer_explain-{fx.__version__}.dist-info"}
    assert {path.parent.name for path in site.glob("fer_explain/checkpoints/*/config.json")} == set(list_checkpoints())
    assert {path.parent.name for path in site.glob("fer_explain/results/*/runs/*/config.json")} == set(list_results())


def test_the_library_finds_its_checkpoints_from_another_folder_and_training_its_commands(site: Path, elsewhere: Path):
    photo = elsewhere / "face.png"
    Image.fromarray(draw_face("happy", size=160).pixels).save(photo)
    code = (
        "import sys, json, fer_explain as fx\n"
        "analyzer = fx.Analyzer()\n"
        "face = analyzer.analyze(sys.argv[1], whole_image=True).faces[0]\n"
        "from fer_explain.hub.folder import list_results\n"
        "told = [fx.__version__, fx.__file__, analyzer.models, face.prediction.label, len(list_results())]\n"
        "print(json.dumps(told))\n"
        "from fer_explain.command import main\n"
        "main(['publish', '--help'])"
    )
    first, *forwarded = _run(site, elsewhere, sys.executable, "-c", code, str(photo)).splitlines()
    assert forwarded[0].startswith("usage: python -m training.publish")
    told = json.loads(first)
    assert told[0] == fx.__version__
    assert Path(told[1]).is_relative_to(site)
    assert told[2] == list_checkpoints()
    expected = fx.Analyzer().analyze(photo, whole_image=True)
    assert told[3] == expected.faces[0].prediction.label
    assert told[4] == len(list_results()) > 0


def test_the_command_explains_a_photo_and_names_what_else_it_does(site: Path, elsewhere: Path):
    command = str(site / "bin" / "fer-explain")
    told = _run(site, elsewhere, command, "--help")
    for part in ("--checkpoints", "fer-explain PHOTO", "audit, evaluate, publish, train"):
        assert part in told
    Image.fromarray(np.hstack([draw_face("happy", size=160).pixels] * 2)).save(elsewhere / "photo.jpg")
    options = ("--whole-image", "--no-test", "--json", "out.json")
    assert _run(site, elsewhere, command, "photo.jpg", *options).strip() == "out.json"
    assert json.loads((elsewhere / "out.json").read_text())["faces"][0]["label"]


def test_the_app_starts_and_answers(site: Path, elsewhere: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = elsewhere / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [site / "bin" / "fer-explain", "--port", str(port)],
            cwd=elsewhere, env=_environment(site), stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            page, end = "", time.monotonic() + 120
            while not page and process.poll() is None and time.monotonic() < end:
                with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                    page = str(answer.read(), "utf-8")
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
    assert "FER Explain" in page, log.read_text()[-3000:]
    assert DEFAULT in page


def test_extras_and_requirements_for_development_are_the_same():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    listed = (line.strip() for line in (ROOT / "requirements-dev.txt").read_text().splitlines())
    wanted = {str(Requirement(line)) for line in listed if line and not line.startswith(("#", "-r"))}
    given = {str(Requirement(line)) for name in ("dev", "export", "track") for line in extras[name]}
    assert given - {"fer-explain[export,track]"} == wanted
