"""The pictures one can try: a photo in the public domain, and drawn faces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from fer_explain.emotions import LABELS
from fer_explain.ui.shell.photo import show
from fer_explain.ui.shell.texts import Texts

if TYPE_CHECKING:
    from fer_explain.types import Pixels

ASTRONAUT = Path(__file__).parent / "astronaut.jpg"  # Eileen Collins, NASA; public domain, from scikit-image
THUMBNAIL = 96  # pixels
DRAWN = 224


@dataclass(frozen=True, slots=True)
class Example:
    """A picture to try; ``emotion`` is None for the photo, else what the drawn face shows."""

    emotion: str | None

    @property
    def pixels(self) -> Pixels:
        """uint8 (H, W, 3)."""
        if self.emotion is None:
            from fer_explain.faces.photo import open_photo

            return open_photo(ASTRONAUT)
        from fer_explain.faces.drawn import draw_face

        return draw_face(self.emotion, size=DRAWN, seed=LABELS.index(self.emotion)).pixels

    def name(self, texts: Texts) -> str:
        """What the picture shows."""
        if self.emotion is None:
            return texts("photo.astronaut")
        return texts("photo.drawn", emotion=texts.emotion(self.emotion))


EXAMPLES = (Example(None), *(Example(label) for label in LABELS))


def strip(texts: Texts) -> str:
    """All examples as small picture buttons."""
    buttons = "".join(
        f'<button type="button" data-example="{number}" aria-label="{escape(example.name(texts))}" '
        f'title="{escape(example.name(texts))}"><img src="{_thumbnail(number)}" alt=""></button>'
        for number, example in enumerate(EXAMPLES)
    )
    return f'<div class="fer-examples">{buttons}</div>'


@cache
def _thumbnail(number: int) -> str:
    return show(EXAMPLES[number].pixels, THUMBNAIL).uri
