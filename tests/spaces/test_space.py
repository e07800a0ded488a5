"""The Space: its settings, its exact tree, and that tree started on its own as a Space starts it."""

import ast
import os
import runpy
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest
from huggingface_hub import SpaceCard
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}

build = runpy.run_path(str(ROOT / "spaces" / "build.py"))


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("space")
    build["main"]([str(folder)])
    return folder


def _requirements(file: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def _distribution(name: str) -> str:
    return name.lower().replace("_", "-")


def test_settings_are_what_a_space_accepts(space):
    settings = SpaceCard.load(space / "README.md").data
    assert (settings.sdk, settings.app_file, settings.license) == ("gradio", "app.py", "apache-2.0")
    assert settings.title
    assert settings.emoji
    assert {settings.colorFrom, settings.colorTo} <= COLORS
    assert 0 < len(settings.short_description) <= 60
    assert settings.tags
    assert all(model.count("/") == 1 for model in settings.models)
    assert Version(settings.python_version) >= Version("3.11")


def test_sdk_version_is_the_pinned_and_installed_gradio(space):
    pin = next(str(line.specifier) for line in _requirements(space / "requirements.txt") if line.name == "gradio")
    version = SpaceCard.load(space / "README.md").data.sdk_version
    assert pin == f"=={version}"
    assert metadata.version("gradio") == version


def test_tree_is_exact(space):
    assert {path.name for path in space.iterdir()} == {
        "README.md", "LICENSE", "requirements.txt", "app.py", "fer_explain", "checkpoints", "results",
    }  # fmt: skip
    assert not list(space.rglob("__pycache__"))
    assert not list(space.rglob(".*"))
    for file in ("app.py", "requirements.txt", "fer_explain/types.py"):
        assert (space / file).read_bytes() == (ROOT / file).read_bytes()


def test_requirements_are_satisfied_here(space):
    """Then the start below runs with the Space's own requirements."""
    for requirement in _requirements(space / "requirements.txt"):
        assert requirement.specifier.contains(metadata.version(requirement.name), prereleases=True), requirement


def test_tree_imports_only_itself_and_its_requirements(space):
    required = {_distribution(requirement.name) for requirement in _requirements(space / "requirements.txt")}
    owners = metadata.packages_distributions()
    for file in space.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"fer_explain"}:
                assert required & {_distribution(owner) for owner in owners.get(top, [])}, f"{file.name}: {top}"


def test_models_are_what_the_cards_of_its_checkpoints_name(space):
    assert SpaceCard.load(space / "README.md").data.models == ["timm/tf_efficientnet_lite0.in1k"]
    assert not (space / "checkpoints.txt").exists()
    assert "The checkpoints in `checkpoints/` were trained" in (space / "README.md").read_text()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--no-embedded"], "--no-embedded leaves no checkpoint"),
        (["--checkpoints", "./runs/mine"], "'./runs/mine' is no Hub id"),
        (["--static", "--no-embedded"], "--no-embedded is for a Space"),
    ],
)
def test_a_mistake_ends_in_one_sentence_and_writes_nothing(tmp_path, capsys, flags, sentence):
    with pytest.raises(SystemExit) as stop:
        build["main"]([str(tmp_path / "space"), *flags])
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("is_file", [False, True])
def test_refuses_a_folder_that_holds_something(tmp_path, capsys, is_file):
    (tmp_path / "mine.txt").write_text("precious")
    output = tmp_path / "mine.txt" if is_file else tmp_path
    with pytest.raises(SystemExit) as stop:
        build["main"]([str(output)])
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("is not an empty folder; name an empty or a new one.")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def _free(port: int) -> int:
    """``port`` when nobody listens on it, else any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return port
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        return int(probe.getsockname()[1])


def _first_answer(url: str, process: subprocess.Popen[bytes], seconds: float) -> str:
    """The page at ``url`` as soon as it is served; empty when the process ended or the time is over."""
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            return str(urllib.request.urlopen(url, timeout=10).read(), "utf-8")
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    return ""


def test_starts_as_a_space_and_answers_from_outside(space, tmp_path):
    """127.0.0.2 is answered only by a server on 0.0.0.0, not by one that is bound to 127.0.0.1."""
    port = _free(7860)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GRADIO_", "PYTHON"))}
    environment = kept | {"SPACE_ID": "someone/fer-explain"}
    if port != 7860:
        environment["GRADIO_SERVER_PORT"] = str(port)
    log = tmp_path / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=space, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            page = _first_answer(f"http://127.0.0.2:{port}/", process, seconds=240)
        finally:
            process.kill()
            process.wait()
    assert "FER Explain" in page, log.read_text()[-3000:]
