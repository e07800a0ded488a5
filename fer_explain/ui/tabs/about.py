"""The tab that says what the app is, what it is not, and where its networks err."""

from __future__ import annotations

from typing import Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.hub.folder import CARD
from fer_explain.ui.context import Page, texts_for
from fer_explain.ui.texts import Texts
from fer_explain.ui.views.about import card_text, errors_by_class, principles, versions

NAME: Final = "about"


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
                gr.HTML(page.i18n("about.card.title"), html_template="<h2>${value}</h2>")
                card = gr.Markdown(elem_id="card")

    def about_model(model: str | None, request: gr.Request) -> tuple[str, str]:
        return describe(page.analyzer, model, texts_for(request))

    def about_app(request: gr.Request) -> tuple[str, str]:
        texts = texts_for(request)
        return principles(texts), versions(texts, page.analyzer.problems)

    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    page.blocks.load(about_app, None, [sections, built], **quiet)
    page.blocks.load(about_model, page.model, [errors, card], **quiet)
    page.model.select(about_model, page.model, [errors, card], **quiet)


def describe(analyzer: Analyzer, model: str | None, texts: Texts) -> tuple[str, str]:
    """A model's errors by class as HTML, and its card as Markdown."""
    try:
        checkpoint = analyzer.checkpoint(model)
    except FerError as error:
        return errors_by_class({}, texts), str(error)
    path = checkpoint.folder / CARD
    text = card_text(path.read_text(encoding="utf-8")) if path.is_file() else texts("about.card.missing")
    return errors_by_class(checkpoint.metrics, texts), text
