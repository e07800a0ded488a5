"""What each disturbance of the suite does to the example face, as pictures above the Robustness section's charts."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import numpy as np
from PIL import Image

from fer_explain.analyzer import Analyzer
from fer_explain.types import Pixels
from fer_explain.ui.shell.examples import ASTRONAUT
from fer_explain.ui.shell.photo import picture_uri
from fer_explain.ui.shell.texts import Texts

SIDE = 96  # pixels
STRENGTHS = (1, 2, 3)


def disturbed_example(analyzer: Analyzer, strength: int, texts: Texts) -> str:
    """A strip of pictures, one a disturbance, at a strength of 1 to 3; the face as it is comes first."""
    figures = "".join(
        f'<figure><img src="{picture_uri(picture)}" alt="" width="{SIDE}" height="{SIDE}">'
        f"<figcaption>{escape(texts(f'bench.disturbance.{name}'))}</figcaption></figure>"
        for name, picture in _pictures(_example(analyzer), strength)
    )
    return f'<div class="fer-disturbed">{figures}</div>'


def _pictures(face: Pixels, strength: int) -> list[tuple[str, Pixels]]:
    from fer_explain.benchmark.disturbances import SUITE, disturb  # imports torch

    changed = [(name, disturb(face[None], name, min(strength, len(one.amounts)))[0]) for name, one in SUITE.items()]
    return [("plain", face), *changed]


@lru_cache(maxsize=1)  # a picture of ours, never a visitor's
def _example(analyzer: Analyzer) -> Pixels:
    """The face of the example photo, uint8 (SIDE, SIDE, 3)."""
    face = analyzer.detect(ASTRONAUT).faces[0]
    return np.asarray(Image.fromarray(face.pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
