"""The pictures one can try: a photo in the public domain, and drawn faces."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from fer_explain.emotions import LABELS
from fer_explain.ui.shell.files import script

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

    @property
    def key(self) -> str:
        """Of the text that says what the picture shows."""
        return "photo.astronaut" if self.emotion is None else f"photo.drawn.{self.emotion}"

    @property
    def thumbnail(self) -> Path:
        """A small copy, which need not be drawn before the page can show it."""
        return ASTRONAUT.parent / f"{self.emotion or ASTRONAUT.stem}_{THUMBNAIL}.jpg"


EXAMPLES = (Example(None), *(Example(label) for label in LABELS))


def strip(i18n: gr.I18n, elem_id: str) -> gr.HTML:
    """Adds all examples as small picture buttons. They are part of the page, so that they are there with it."""
    clicked = script("shell/examples/examples.js")
    with gr.HTML(html_template="@children", js_on_load=clicked, elem_id=elem_id, elem_classes="fer-examples") as row:
        for number, example in enumerate(EXAMPLES):
            picture = base64.b64encode(example.thumbnail.read_bytes()).decode("ascii")
            named = f'<button type="button" data-example="{number}" aria-label="${{value}}" title="${{value}}">'
            picture = f'<img src="data:image/jpeg;base64,{picture}" alt=""></button>'
            gr.HTML(i18n(example.key), html_template=named + picture, apply_default_css=False)
    return row
