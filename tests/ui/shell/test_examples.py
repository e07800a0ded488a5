"""The pictures to try: what the page shows of them is what a click on them sends."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from fer_explain.ui.shell.examples import EXAMPLES, THUMBNAIL, Example
from fer_explain.ui.shell.photo import show
from fer_explain.ui.shell.texts import LANGUAGES


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.float32)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.key)
def test_a_thumbnail_is_its_picture_made_small(example: Example) -> None:
    small = base64.b64decode(show(example.pixels, THUMBNAIL).uri.partition(",")[2])
    assert np.abs(pixels(example.thumbnail.read_bytes()) - pixels(small)).mean() < 4
    assert all(example.key in texts for texts in LANGUAGES.values())
