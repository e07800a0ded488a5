"""The choice of an explanation."""

from __future__ import annotations

import gradio as gr


def methods() -> gr.Dropdown:
    """The explanations there are; their list needs torch, so it comes when the page is already there."""
    from fer_explain.explain.registry import list_methods, method

    return gr.Dropdown([(method(name).title, name) for name in list_methods()])
