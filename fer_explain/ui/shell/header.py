"""What stands above and below all tabs: the name, the model picker, the theme switch, the footer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.emotions import COLORS
from fer_explain.errors import FerError
from fer_explain.ui.shell.context import QUIET, Page, texts_for
from fer_explain.ui.shell.files import script
from fer_explain.ui.shell.texts import Texts

if TYPE_CHECKING:
    from fer_explain.benchmark.metrics import Headline

_HEIGHTS: Final = (9, 14, 11, 20, 13, 17, 10)  # of the mark's bars, one per emotion

_HALF_MOON: Final = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="8.5"/>'
    '<path d="M12 3.5a8.5 8.5 0 0 1 0 17z"/></svg>'
)


def mark() -> str:
    """The sign of the app: seven bars in the colours of the emotions."""
    bars = "".join(
        f'<rect x="{4 * i + 2}" y="{24 - height}" width="3" height="{height}" rx="1.2" fill="{color}"/>'
        for i, (height, color) in enumerate(zip(_HEIGHTS, COLORS.values(), strict=True))
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 26" aria-hidden="true">{bars}</svg>'


@dataclass(frozen=True, slots=True)
class Header:
    """The model picker, and where a model is added to it."""

    model: gr.Dropdown
    box: gr.Textbox
    answer: gr.HTML


def build(analyzer: Analyzer, i18n: gr.I18n) -> Header:
    """Adds the header."""
    with gr.Row(elem_classes="fer-header", equal_height=False):
        gr.HTML(f'<h1 class="fer-name">{mark()}FER Explain</h1>')
        names = analyzer.models
        with gr.Column(elem_classes="fer-models", min_width=200):
            model = gr.Dropdown(names, value=names[0] if names else None, label=i18n("page.model"), elem_id="model")
            with gr.Accordion(i18n("model.add"), open=False, elem_id="add"):
                box = gr.Textbox(
                    label=i18n("model.add.hint"), placeholder="org/name[@revision]", max_lines=1, elem_id="add-model"
                )
                answer = gr.HTML(elem_id="added")
        gr.HTML(
            i18n("page.theme"),
            html_template='<button type="button" class="fer-theme" title="${value}" aria-label="${value}">'
            f"{_HALF_MOON}</button>",
            js_on_load=script("shell/theme.js"),
        )
    return Header(model, box, answer)


def build_footer(i18n: gr.I18n) -> None:
    """Adds the line below all tabs, and the one that is seen while the app warms up."""
    with gr.Row(elem_classes="fer-footer"):
        gr.HTML(i18n("page.tagline"), html_template="<p>${value}.</p>")
        gr.HTML(i18n("page.footer"), html_template="<p>${value}</p>")
    gr.HTML(
        i18n("page.warming"),
        html_template='<p role="status">${value}<i aria-hidden="true"></i></p>',
        js_on_load=script("shell/warm_up.js"),
        elem_id="warming",
    )


def rated_models(analyzer: Analyzer, texts: Texts) -> list[tuple[str, str]]:
    """The choices of the model picker: each name with its measured accuracy, n and interval."""
    return [(f"{name} · {_rating(analyzer, name, texts)}", name) for name in analyzer.models]


def _rating(analyzer: Analyzer, name: str, texts: Texts) -> str:
    from fer_explain.benchmark.further import read_further
    from fer_explain.benchmark.metrics import headline  # imports scikit-learn

    try:
        checkpoint = analyzer.checkpoint(name)
    except FerError:
        return texts("model.broken")
    if not checkpoint.config.trained:
        return texts("model.untrained")
    voted = read_further(checkpoint.metrics).get("ferplus-test")
    if voted and "calibration" in checkpoint.config.provenance:
        return f"{texts('model.field')} · {_short(voted.headline._replace(split='FER+ test'))}"
    measured = headline(checkpoint.metrics) or headline(checkpoint.metrics, "validation")
    return _short(measured) if measured else texts("model.unmeasured")


def _short(measured: Headline) -> str:
    """Accuracy in per cent, its 95 % interval, split and n: "69.6 % (68.1–71.1; test, n = 3,589)"."""
    accuracy, low, high = (100 * share for share in (measured.accuracy, measured.low, measured.high))
    tta = "" if measured.tta == "none" else f", {measured.tta}"
    return f"{accuracy:.1f} % ({low:.1f}–{high:.1f}; {measured.split}{tta}, n = {measured.n:,})"


def fill_in(page: Page) -> None:
    """Has the model picker filled with ratings, which cost seconds to read: when the page is already there."""

    def rate(request: gr.Request) -> gr.Dropdown:
        return gr.Dropdown(rated_models(page.analyzer, texts_for(request)))

    page.blocks.load(rate, None, page.model, **QUIET)
