"""Assembles the page from its tabs, which are found by their folders."""

from __future__ import annotations

import gradio as gr

import fer_explain.ui as ui
from fer_explain.analyzer import Analyzer
from fer_explain.ui.shell import endpoints, header, model_addition, view_link
from fer_explain.ui.shell.context import KEPT, Page
from fer_explain.ui.shell.discovery import layouts
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.texts import catalogue


def build_page(analyzer: Analyzer, data: str | None = None) -> tuple[gr.Blocks, gr.I18n]:
    """The page, and its texts, which ``launch`` wants; ``data`` is where faces of FER2013 lie, folder or Hub id."""
    i18n = gr.I18n(**catalogue())
    with gr.Blocks(title="FER Explain", analytics_enabled=False, fill_width=True) as blocks:
        session = gr.State(Session(), time_to_live=KEPT)
        top = header.build(analyzer, i18n)
        page = Page(blocks, analyzer, i18n, top.model, session, gr.State(None, time_to_live=KEPT), data)
        view_link.note(top.model.select, "model", top.model)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
            for tab in layouts(ui):
                with gr.Tab(i18n(f"tab.{tab.NAME}"), id=tab.NAME) as page.tabs[tab.NAME]:
                    tab.build(page)
        header.build_footer(i18n)
        endpoints.build(analyzer)
        header.fill_in(page)
        view_link.restore(page, "model", top.model, lambda name, _: name if name in analyzer.models else None)
        view_link.keep_tab(page)
        model_addition.wire(page, top)
    return blocks, i18n
