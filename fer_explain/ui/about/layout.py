"""The tab that says what the app is, what it is not, and where its networks err."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final, NamedTuple

import gradio as gr
import plotly.graph_objects as go

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.figures.history import history_curves
from fer_explain.hub.folder import CARD
from fer_explain.hub.history import read_history
from fer_explain.ui.about.view import card_text, errors_by_class, principles, training_told, versions
from fer_explain.ui.shell.components import drawn, figure
from fer_explain.ui.shell.context import QUIET, Page, texts_for
from fer_explain.ui.shell.texts import Texts

NAME: Final = "about"
PLACE: Final = 50


def build(page: Page) -> None:
    """Adds the texts, and the model card, which follows the model picker."""
    with gr.Row(elem_classes="fer-columns", equal_height=False):
        with gr.Column(scale=2, min_width=300, elem_classes="fer-card"):
            sections = gr.HTML(elem_id="principles")
            built = gr.HTML(elem_id="versions")
        with gr.Column(scale=3, min_width=300):
            with gr.Column(elem_classes="fer-card"):
                gr.HTML(page.i18n("about.errors.title"), html_template="<h2>${value}</h2>")
                errors = gr.HTML(elem_id="errors")
            with gr.Column(elem_classes="fer-card"):
                gr.HTML(page.i18n("about.history.title"), html_template="<h2>${value}</h2>")
                told = gr.HTML(elem_id="history-told")
                curves = figure("history")
            with gr.Column(elem_classes="fer-card"):
                gr.HTML(page.i18n("about.card.title"), html_template="<h2>${value}</h2>")
                card = gr.Markdown(elem_id="card")

    def about_model(model: str | None, request: gr.Request) -> tuple[str, str, str, str]:
        about = describe(page.analyzer, model, texts_for(request))
        return about.errors, about.told, drawn(about.curves), about.card

    def about_app(request: gr.Request) -> tuple[str, str]:
        texts = texts_for(request)
        return principles(texts), versions(texts, page.analyzer.problems)

    page.blocks.load(about_app, None, [sections, built], **QUIET)
    page.blocks.load(about_model, page.model, [errors, told, curves, card], **QUIET)
    page.model.select(about_model, page.model, [errors, told, curves, card], **QUIET)


class About(NamedTuple):
    """What there is to say about a model: two HTML texts, its training curves, and its card as Markdown."""

    errors: str
    told: str
    curves: go.Figure | None
    card: str


def describe(analyzer: Analyzer, model: str | None, texts: Texts) -> About:
    """A model's errors by class, how its training went, and its card."""
    try:
        checkpoint = analyzer.checkpoint(model)
    except FerError as error:
        return About(errors_by_class({}, texts), training_told(None, texts), None, str(error))
    path = checkpoint.folder / CARD
    text = card_text(path.read_text(encoding="utf-8")) if path.is_file() else texts("about.card.missing")
    told, curves = _training(checkpoint.folder, texts)
    return About(errors_by_class(checkpoint.metrics, texts), told, curves, text)


def _training(folder: Path, texts: Texts) -> tuple[str, go.Figure | None]:
    """The training in a sentence and as curves; only the sentence where there is no record of it."""
    try:
        history = read_history(folder)
    except FerError as error:
        return f'<p class="fer-note">{escape(str(error))}</p>', None
    if history is None:
        return training_told(None, texts), None
    names = ("train", "validation", "epoch", "loss", "accuracy", "best")
    curves = history_curves(history, **{name: texts(f"about.history.{name}") for name in names})
    return training_told(history, texts), curves
