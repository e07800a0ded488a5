"""The components of the Benchmark tab, as its layout hands them to its callbacks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import gradio as gr

SECTIONS: Final = (
    "confusion", "classes", "confidence", "robustness", "cost", "training", "habits", "explanations", "evidence",
    "claims",
)  # fmt: skip
ANY: Final = "any"


@dataclass(frozen=True, slots=True)
class BenchmarkPanel:
    """All of the tab.

    Attributes:
        group: place of the set of classes and data whose models can be chosen.
        models, together, split: what is looked at.
        line: where things stand.
        norm, first, second, score, strength, level, one, other, paper: what single sections ask; ``first`` and
            ``second`` of the difference of two matrices, ``one`` and ``other`` of the models that are tested against
            each other.
        measure: asks how fast the networks are here.
        true, said, model, outcome, low, high, duplicates, disputed, order: which faces are wanted.
        section: name of the open one; apart from the rest, since a slow section must not bring itself back.
        state: a :class:`fer_explain.ui.benchmark.state.Benchmarked`.
        found: how many faces there are, in words.
        faces: the gallery.
        back, on: turn its pages.
        charts: of each section.
        pictures: what the disturbances look like.
    """

    group: gr.Dropdown
    models: gr.CheckboxGroup
    together: gr.Checkbox
    split: gr.Radio
    line: gr.HTML
    norm: gr.Radio
    first: gr.Dropdown
    second: gr.Dropdown
    score: gr.Radio
    strength: gr.Radio
    level: gr.Slider
    one: gr.Dropdown
    other: gr.Dropdown
    paper: gr.Dropdown
    measure: gr.Button
    true: gr.Dropdown
    said: gr.Dropdown
    model: gr.Dropdown
    outcome: gr.Dropdown
    low: gr.Slider
    high: gr.Slider
    duplicates: gr.Dropdown
    disputed: gr.Checkbox
    order: gr.Dropdown
    section: gr.State
    state: gr.State
    found: gr.HTML
    faces: gr.HTML
    back: gr.Button
    on: gr.Button
    pictures: gr.HTML
    charts: dict[str, gr.HTML]

    @property
    def asked(self) -> set[Any]:
        """What a callback is given."""
        shown = ("line", "measure", "found", "faces", "back", "on", "pictures", "charts")
        return {getattr(self, each.name) for each in fields(self) if each.name not in shown}

    @property
    def outputs(self) -> list[Any]:
        """What a callback may change."""
        single = [getattr(self, each.name) for each in fields(self) if each.name not in ("section", "charts")]
        return [*single, *self.charts.values()]
