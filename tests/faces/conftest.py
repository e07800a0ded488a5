"""The one real face: scikit-image's astronaut (NASA, public domain), which the app ships as an example."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer_explain
from fer_explain.faces import yunet
from fer_explain.types import Pixels

ASTRONAUT = Path(fer_explain.__file__).parent / "ui" / "shell" / "examples" / "astronaut.jpg"


@pytest.fixture(scope="session")
def astronaut() -> Pixels:
    """uint8 (400, 400, 3); the face spans about x 140..210, y 49..137, the eyes lie at (161, 80) and (195, 82)."""
    return np.array(Image.open(ASTRONAUT).convert("RGB"))


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here reaches for the Hub unless it brings its own; and none remembers what another one found there."""
    monkeypatch.delenv(yunet.VARIABLE, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    yunet._load_once.cache_clear()
