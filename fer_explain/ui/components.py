"""Gradio components with this page's manners."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import gradio as gr
from gradio.data_classes import ImageData

ASSETS: Final = Path(__file__).parent / "assets"


class PhotoInput(gr.Image):
    """A drop zone whose value is the path of the uploaded file, whatever is in it.

    gr.Image opens the file itself and answers a broken or a huge one with an exception of its own; here
    ``faces.photo.open_photo`` does it, which knows all the kinds of files and has a sentence for each.
    """

    is_template = True  # to the browser this is a gr.Image

    def preprocess(self, payload: ImageData | None) -> str | None:
        """The path of the file in Gradio's folder for uploads."""
        return payload.path if payload else None


def script(name: str) -> str:
    """A file of assets/ as the ``js_on_load`` of a gr.HTML."""
    return (ASSETS / name).read_text(encoding="utf-8")


def plot(elem_id: str) -> gr.Plot:
    """A bare plotly figure."""
    return gr.Plot(show_label=False, container=False, buttons=[], elem_id=elem_id)
