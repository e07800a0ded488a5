"""Gradio components with this page's manners."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import gradio as gr
import plotly
import plotly.graph_objects as go
from gradio.data_classes import ImageData

from fer_explain.ui.shell.files import script
from fer_explain.ui.shell.texts import LANGUAGES, substitutes

PLOTLY: Final = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def photo_input(**settings: Any) -> gr.Image:
    """A drop zone whose value is the path of the uploaded file, whatever is in it.

    Upstream defect, https://github.com/gradio-app/gradio/issues/6489: gr.Image opens the file even where only its path
    is wanted, and answers a broken one with an exception of its own.
    Test: test_image_opens_the_file_although_only_its_path_is_wanted.

    Here ``faces.photo.open_photo`` opens it, which knows all the kinds of files and has a sentence for each. (A
    subclass would do, too, but Gradio writes a stub file beside the source of every subclass it meets.)
    """
    image = gr.Image(type="filepath", **settings)
    image.preprocess = _path
    return image


def _path(payload: ImageData | None) -> str | None:
    """Where the file lies in Gradio's folder for uploads."""
    return payload.path if payload else None


def language_head() -> str:
    """What the page's head needs to be in the reader's language."""
    texts = json.dumps({"spoken": list(LANGUAGES), "texts": substitutes()}, ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<script type="application/json" id="fer-texts">{texts}</script><script>{script("shell/language.js")}</script>'
    )


def drop_zone_head() -> str:
    """What the page's head needs so that drop zones are called what is written in them."""
    return f"<script>{script('shell/drop_zone.js')}</script>"


def charts_head() -> str:
    """Reads plotly.js, which is large, as soon as the page stands, and not only with the first chart."""
    gr.set_static_paths([PLOTLY])
    return f"<script>{script('shell/plotly.js').replace('ADDRESS', f'gradio_api/file={PLOTLY.as_posix()}')}</script>"


def figure(elem_id: str) -> gr.HTML:
    """The place of a plotly figure, whose value is what :func:`drawn` gives.

    Upstream defect, https://github.com/gradio-app/gradio/issues/11413: a gr.Plot tells of no click, so the charts of
    the Benchmark tab are drawn by a script of ours. Test: test_plot_tells_of_no_click.

    Upstream defect, no issue found: a gr.Plot draws with an older plotly.js than the plotly that made the figure, which
    would be the second one on the page, and as large. Test: test_plot_draws_with_an_older_plotly.
    """
    return gr.HTML(
        "", html_template='<div class="fer-figure"></div>', js_on_load=script("shell/figure.js"), elem_id=elem_id
    )


def drawn(shown: go.Figure | None) -> str:
    """A figure as :func:`figure` takes it; empty for none."""
    return "" if shown is None else shown.to_json()
