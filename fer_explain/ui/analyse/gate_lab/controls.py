"""The components of the gate lab, as its layout hands them to its callbacks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import gradio as gr

if TYPE_CHECKING:  # these import torch
    pass


@dataclass(frozen=True, slots=True)
class Bench:
    """The components of the lab."""

    note: gr.HTML
    room: gr.Column
    layer: gr.Dropdown
    ranks: gr.HTML
    source: gr.HTML
    channels: gr.Dropdown
    strongest: gr.Button
    unusual: gr.Button
    none: gr.Button
    action: gr.Radio
    factor: gr.Slider
    bars: gr.HTML
    maps: gr.HTML
    find: gr.Button
    stop: gr.Button
    found: gr.HTML
    tried: gr.State

    @property
    def all(self) -> list[Any]:
        """All components."""
        return [getattr(self, entry.name) for entry in fields(self)]
