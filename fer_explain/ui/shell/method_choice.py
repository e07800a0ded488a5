"""The choice of an explanation."""

from __future__ import annotations

import gradio as gr


def methods(*further: tuple[str, str]) -> gr.Dropdown:
    """The explanations there are; their list needs torch, so it comes when the page is already there.

    ``further`` are titles and values of what else can be chosen.
    """
    from fer_explain.explain.registry import list_methods, method

    return gr.Dropdown([*((method(name).title, name) for name in list_methods()), *further])
