"""Gates over places: the map lies on the face, has its scale and a text, and gives way to channels again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch
from conftest import running, watched
from driver import App, png
from PIL import Image
from playwright.sync_api import Browser, expect

from fer_explain.emotions import LABELS
from fer_explain.hub.checkpoint import CheckpointConfig, save_checkpoint
from fer_explain.models import architecture, create_model

# Folder and architecture: embedded checkpoints bear the names of architectures, so these have names of their own.
NETWORKS = {"masked": "resnet_unet_eca_compact", "placed": "hybrid_cbam_compact", "gateless": "vgg_compact"}


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with untrained networks that have U-Net masks, CBAM gates, and no gates at all."""
    root = tmp_path_factory.mktemp("gated")
    for folder, name in NETWORKS.items():
        torch.manual_seed(0)
        (root / folder).mkdir()
        save_checkpoint(root / folder, create_model(name), CheckpointConfig(name, LABELS, architecture(name).input))
    networks = [str(root / folder) for folder in NETWORKS]
    with running(["--checkpoints", *networks], root / "uploads", root / "app.txt") as address:
        yield address


@pytest.fixture
def app(browser: Browser, gated: str) -> Iterator[App]:
    with watched(browser) as page:
        page.goto(gated)
        yield App(page).ready()


def choose_layer(app: App, layer: str) -> None:
    choice = app.page.locator("#layer select")
    option = choice.locator("option").filter(has_text=re.compile(layer))
    choice.select_option(option.text_content())


def choose_model(app: App, folder: str) -> None:
    app.page.locator("#model input").click()
    app.page.locator("li[role=option]").and_(app.page.get_by_label(re.compile(rf"^{folder}( |$)"))).click()
    expect(app.page.locator("#verdict .fer-by")).to_have_text(folder)


def test_masks_and_spatial_gates_are_maps_over_the_face(app: App, astronaut: Image.Image) -> None:
    app.upload(png(astronaut))
    app.analysed()
    picture = app.gate.locator("figure.fer-places svg")

    choose_model(app, "masked")
    expect(app.channels).to_be_visible()
    choose_layer(app, r"masks\.2$")
    expect(app.gate).to_contain_text("U-Net mask")
    expect(picture).to_have_attribute("role", "img")
    expect(picture).to_have_attribute("aria-label", re.compile("^The face with a map over it"))
    expect(picture.locator("image")).to_have_count(2)
    expect(app.channels).to_be_hidden()
    # Both at one moment: what comes late above them may move them together.
    boxes = "images => images.map(image => image.getBoundingClientRect().toJSON())"
    face, layer = picture.locator("image").evaluate_all(boxes)
    assert face == layer

    choose_model(app, "placed")
    choose_layer(app, r"cnn\.0\.cbam\.spatial$")
    expect(app.gate).to_contain_text("CBAM, places")
    expect(picture).to_be_visible()
    choose_layer(app, r"cnn\.0\.cbam\.channel$")
    expect(app.gate).to_contain_text("Strongest channels")
    expect(picture).to_have_count(0)
    expect(app.channels).to_be_visible()


def test_views_that_do_not_apply_name_the_network(app: App, astronaut: Image.Image) -> None:
    app.upload(png(astronaut))
    app.analysed()
    choose_model(app, "gateless")
    expect(app.stn).to_have_text("Compact VGG has no spatial transformer: it sees the face as it was cut out.")
    expect(app.gate).to_have_text("Compact VGG has no gates: every channel passes unchanged.")
    expect(app.channels).to_be_hidden()
