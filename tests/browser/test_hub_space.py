"""From training to a Space that explains it: train, publish, build the Space, start it, ask it in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from conftest import ROOT, running, watched
from driver import App
from huggingface_hub import SpaceCard
from PIL import Image
from playwright.sync_api import Browser, expect

from fer_explain.faces.drawn import draw_face
from fer_explain.hub.checkpoint import save_checkpoint
from fer_explain.hub.config import CheckpointConfig
from fer_explain.models import architecture, create_model
from fer_explain.ui.shell.examples import ASTRONAUT
from tests.hub.hub_server import Hub, serving
from training import run

OWN = ("bored", "focused", "tired")
PUBLISH = "import sys; from training.publish import main; [main([folder, repo]) for folder, repo in {}]"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serving(Hub()) as server:
        yield server


@pytest.fixture(scope="module")
def environment(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Somebody who is logged in at the loopback Hub and has downloaded nothing."""
    home = tmp_path_factory.mktemp("hub_home")
    (home / "token").write_text(hub.token)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "FER_EXPLAIN_", "GRADIO_"))}
    return kept | {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One epoch on a few drawn faces."""
    data, output = tmp_path_factory.mktemp("faces"), tmp_path_factory.mktemp("runs") / "drawn"
    for split, count in (("train", 4), ("validation", 2)):
        for label in OWN:
            (data / split / label).mkdir(parents=True)
            for number in range(count):
                face = Image.fromarray(
                    draw_face(("sad", "neutral", "happy")[OWN.index(label)], size=48 + number).pixels
                )
                face.save(data / split / label / f"{number}.png")
    options = ["--model", "convnext_nano", "--epochs", "1", "--batch-size", "6"]
    run.main([*options, "--data", str(data), "--output", str(output)])
    return output


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with a spatial transformer and classes of its own."""
    folder = tmp_path_factory.mktemp("own") / "own"
    torch.manual_seed(0)
    config = CheckpointConfig("emonext_atto", OWN, architecture("emonext_atto").input)
    save_checkpoint(folder, create_model("emonext_atto", num_classes=len(OWN)), config)
    return folder


@pytest.fixture(scope="module")
def space(
    trained: Path, untrained: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The tree of a Space that shows both, and holds no checkpoint itself."""
    tree = tmp_path_factory.mktemp("space")
    published = [(str(untrained), "org/own"), (str(trained), "org/drawn")]
    build = ["spaces/build.py", str(tree), "--no-embedded", "--checkpoints", "org/drawn", "org/own@main"]
    build += ["--push", "org/space"]
    for command in (["-c", PUBLISH.format(published)], build):
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return tree


def test_the_tree_names_what_it_loads_by_commit(space: Path, hub: Hub):
    commits = {repo: hub.repos[repo].names["main"] for repo in ("org/drawn", "org/own")}
    assert not (space / "checkpoints").exists()
    assert (space / "checkpoints.txt").read_text().split() == [f"{repo}@{sha}" for repo, sha in commits.items()]
    card = SpaceCard.load(space / "README.md")
    assert card.data.models == ["org/drawn", "org/own"]
    for line, (repo, sha) in zip(card.data["preload_from_hub"], commits.items(), strict=True):
        name, files, commit = line.split()
        assert (name, commit) == (repo, sha)
        assert set(files.split(",")) == hub.repos[repo].files(sha).keys() - {".gitattributes"}
    assert "trained on the FER2013" not in card.text
    assert f"`org/own` at commit `{commits['org/own'][:12]}`" in card.text


def test_what_is_pushed_is_the_tree(space: Path, hub: Hub):
    tree = {
        str(path.relative_to(space)) for path in space.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert hub.repos["spaces/org/space"].files("main").keys() == tree
    assert (space / "app.py").read_bytes() == hub.repos["spaces/org/space"].files("main")["app.py"]


def test_the_space_explains_a_photo_in_the_checkpoints_own_classes(
    space: Path, environment: dict[str, str], browser: Browser, tmp_path: Path
):
    own = environment | {"HF_HOME": str(tmp_path / "fresh"), "HF_TOKEN": "hf_right"}
    with (
        running([], tmp_path / "uploads", tmp_path / "log.txt", folder=space, **own) as address,
        watched(browser) as page,
    ):
        page.goto(f"{address}?target=tired")
        app = App(page).ready()
        app.upload(ASTRONAUT)
        expect(app.label).to_have_text(re.compile(rf"({'|'.join(OWN)}) (< )?\d+ %", re.IGNORECASE))
        expect(app.map).to_have_count(1)
        expect(app.heat).to_have_attribute("aria-label", re.compile("tired", re.IGNORECASE))
        expect(app.bars.locator("dd")).to_have_count(len(OWN))
        shown = app.bars.locator("dt").all_inner_texts()
        assert sorted(name.strip().lower() for name in shown) == list(OWN)
