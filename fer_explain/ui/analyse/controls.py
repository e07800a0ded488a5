"""The components of the Analyse tab, as its layout hands them to its callbacks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr


@dataclass(frozen=True, slots=True)
class PhotoPanel:
    """Where the photo comes in and a face of it is chosen."""

    status: gr.HTML
    picker: gr.HTML
    faces: gr.Radio
    whole: gr.Button
    drop: gr.Image
    examples: gr.HTML


@dataclass(frozen=True, slots=True)
class ResultPanel:
    """What is known about the chosen face, and the questions one can ask about it."""

    verdict: gr.HTML
    order: gr.Radio
    bars: gr.HTML
    heat: gr.HTML
    target: gr.Radio
    method: gr.Dropdown
    settings: gr.HTML
    progress: gr.HTML
    stop: gr.Button
    stn: gr.HTML
    layer: gr.HTML
    summary: gr.HTML
    channels: gr.HTML
    overview: gr.HTML


def components(panel: PhotoPanel | ResultPanel) -> list[Any]:
    """All components of a panel."""
    return [getattr(panel, entry.name) for entry in fields(panel)]
