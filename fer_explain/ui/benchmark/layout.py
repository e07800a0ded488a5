"""The tab over whole data sets: what saved predictions say about the checkpoints, and the faces behind each number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from fer_explain.benchmark.published import claims
from fer_explain.emotions import LABELS
from fer_explain.figures.chart import SCRIPT
from fer_explain.ui.benchmark.controls import ANY, SECTIONS, BenchmarkPanel
from fer_explain.ui.benchmark.disturbances import STRENGTHS
from fer_explain.ui.benchmark.events import Benchmarking
from fer_explain.ui.benchmark.gallery import Browsing
from fer_explain.ui.benchmark.state import Benchmarked, benched, weightless
from fer_explain.ui.shell.context import AT_ONCE, KEPT, QUIET, Page
from fer_explain.ui.shell.files import script

NAME: Final = "benchmark"
PLACE: Final = 40


def build(page: Page) -> None:
    """Adds the tab's components and wires them."""
    parts: dict[str, Any] = {
        "section": gr.State(SECTIONS[0], time_to_live=KEPT),
        "state": gr.State(Benchmarked(), time_to_live=KEPT),
    }
    with gr.Column(elem_classes="fer-card"):
        page.heading("bench")
        parts |= _chosen(page)
    with gr.Tabs(elem_id="bench-sections", overflow_behavior="wrap"):
        tabs, shown = {}, {}
        for section in SECTIONS:
            tabs[section] = gr.Tab(page.i18n(f"bench.tab.{section}"), id=f"bench-{section}")
            with tabs[section], gr.Column(elem_classes="fer-card"):
                page.heading(f"bench.{section}")
                parts |= _asked(page, section)
                shown[section] = _charts(section)
    with gr.Column(elem_classes="fer-card", elem_id="bench-faces"):
        page.heading("bench.gallery")
        parts |= _faces(page)
    _wire(page, BenchmarkPanel(**parts, charts=shown), tabs)


def _charts(section: str) -> gr.HTML:
    return gr.HTML(
        "",
        html_template='<div class="fer-charts"></div>',
        js_on_load=SCRIPT.read_text(encoding="utf-8"),
        elem_id=f"bench-{section}-charts",
    )


def _chosen(page: Page) -> dict[str, Any]:
    text = page.i18n
    with gr.Row(elem_classes="fer-controls"):
        with gr.Column(scale=3, min_width=280):
            names, further = benched(page.analyzer), weightless(page.analyzer)
            group = gr.Dropdown(
                [("", 0)], value=0, label=text("bench.group"), info=text("bench.group.hint"), visible=False,
                elem_id="bench-group",
            )  # fmt: skip
            models = gr.CheckboxGroup(
                [*names, *further],
                value=names,
                label=text("compare.models"),
                info=text("bench.weightless") if further else None,
                elem_id="bench-models",
            )
        with gr.Column(scale=1, min_width=200):
            split = gr.Radio(
                [(text("bench.test"), "test"), (text("bench.validation"), "validation")],
                value="test",
                label=text("bench.split"),
                elem_id="bench-split",
            )
    together = gr.Checkbox(label=text("bench.ensemble"), elem_id="bench-ensemble")
    return {
        "group": group,
        "models": models,
        "together": together,
        "split": split,
        "line": gr.HTML(elem_id="bench-status"),
    }


def _asked(page: Page, section: str) -> dict[str, Any]:
    """The controls of one section."""
    text = page.i18n
    match section:
        case "confusion":
            with gr.Row(elem_classes="fer-controls"):
                norms = [(text(f"bench.norm.{norm}"), norm) for norm in ("row", "column", "counts")]
                return {
                    "norm": gr.Radio(norms, value="row", label=text("bench.norm"), elem_id="bench-norm", min_width=280),
                    "first": _one_of(page, "first"),
                    "second": _one_of(page, "second"),
                }
        case "classes":
            scores = [(text(f"bench.{score}"), score) for score in ("recall", "precision", "f1")]
            return {"score": gr.Radio(scores, value="recall", label=text("bench.score"), elem_id="bench-score")}
        case "robustness":
            strengths = [(text(f"bench.strength.{strength}"), strength) for strength in STRENGTHS]
            strength = gr.Radio(strengths, value=max(STRENGTHS), label=text("bench.strength"), elem_id="bench-strength")
            return {"strength": strength, "pictures": gr.HTML(elem_id="bench-pictures")}
        case "confidence":
            level = gr.Slider(50, 99, value=90, step=1, label=text("bench.level"), elem_id="bench-level", buttons=[])
            return {"level": level}
        case "cost":
            return {"measure": gr.Button(text("bench.measure"), elem_id="bench-measure", size="sm", scale=0)}
        case "evidence":
            with gr.Row(elem_classes="fer-controls"):
                return {"one": _one_of(page, "one"), "other": _one_of(page, "other")}
        case "claims":
            papers = dict.fromkeys((claim.paper.cite, claim.paper.key) for claim in claims())
            choices = [(text("bench.all_papers"), ""), *papers]
            return {"paper": gr.Dropdown(choices, value="", label=text("bench.paper"), elem_id="bench-paper")}
        case _:
            return {}


def _one_of(page: Page, name: str) -> gr.Dropdown:
    """A choice among the chosen models."""
    return gr.Dropdown([], label=page.i18n(f"bench.{name}"), elem_id=f"bench-{name}", min_width=180)


def _faces(page: Page) -> dict[str, Any]:
    text = page.i18n
    classes = [(text("bench.any"), ANY), *((text(f"emotion.{label}"), i) for i, label in enumerate(LABELS))]
    outcomes = [(text(f"bench.outcome.{kind}"), kind) for kind in ("any", "right", "wrong", "disagree")]
    doubles = [(text(f"bench.duplicates.{kind}"), kind) for kind in (ANY, "with", "without")]
    orders = [(text(f"bench.order.{kind}"), kind) for kind in ("loss", "disagreement", "row")]

    def choice(name: str, choices: list[Any], value: Any) -> gr.Dropdown:
        return gr.Dropdown(choices, value=value, label=text(f"bench.by.{name}"), elem_id=f"bench-{name}", min_width=150)

    with gr.Row(elem_classes="fer-controls"):
        parts: dict[str, Any] = {
            "model": choice("model", [], None),
            "true": choice("true", classes, ANY),
            "said": choice("said", classes, ANY),
            "outcome": choice("outcome", outcomes, "any"),
        }
    with gr.Row(elem_classes="fer-controls"):
        parts |= {"duplicates": choice("duplicates", doubles, ANY), "order": choice("order", orders, "loss")}
        for end, value in (("low", 0), ("high", 100)):
            parts[end] = gr.Slider(
                0, 100, value=value, step=1, label=text(f"bench.by.{end}"), elem_id=f"bench-{end}", min_width=150,
                buttons=[],
            )  # fmt: skip
    parts["disputed"] = gr.Checkbox(label=text("bench.by.disputed"), elem_id="bench-disputed")
    parts["found"] = gr.HTML(elem_id="bench-found")
    parts["faces"] = gr.HTML(js_on_load=script("benchmark/gallery.js"), elem_id="bench-gallery")
    with gr.Row(elem_classes="fer-controls"):
        parts["back"] = gr.Button(text("bench.back"), interactive=False, elem_id="bench-back", size="sm")
        parts["on"] = gr.Button(text("bench.on"), interactive=False, elem_id="bench-on", size="sm")
    return parts


def _just(section: str) -> Callable[[], str]:
    return lambda: section


def _wire(page: Page, panel: BenchmarkPanel, tabs: dict[str, gr.Tab]) -> None:
    do = Benchmarking(page.analyzer, panel)
    calling = {
        "inputs": panel.asked,
        "outputs": panel.outputs,
        "show_progress": "minimal",
        "show_progress_on": [panel.line],
        "trigger_mode": "always_last",  # asks again with what the controls say then
        "concurrency_limit": 2,
        "concurrency_id": "benchmark",
        "api_visibility": "private",
    }
    page.tabs[NAME].select(do.arrive, **calling | {"queue": False})  # the first matrix is not to wait for a place
    panel.group.select(do.arrive, **calling)
    for section, tab in tabs.items():
        tab.select(_just(section), None, panel.section, **AT_ONCE)
        tab.select(do.turn_to(section), **calling)
    for chosen in (panel.models, panel.together, panel.split, panel.norm, panel.score, panel.strength):
        chosen.input(do.refresh, **calling)
    for picked in (panel.first, panel.second, panel.one, panel.other, panel.paper):
        picked.select(do.refresh, **calling)
    panel.level.release(do.refresh, **calling)
    panel.measure.click(do.measure, **calling)
    _wire_faces(page, panel, calling | {"show_progress_on": [panel.found]})


def _wire_faces(page: Page, panel: BenchmarkPanel, looking: dict[str, Any]) -> None:
    do = Browsing(page.analyzer, panel, page.data)
    # A cell is what its event carries, so that each click counts for itself.
    panel.charts["confusion"].cell(do.cell, **looking | {"trigger_mode": "multiple"})
    for box in (panel.model, panel.true, panel.said, panel.outcome, panel.duplicates, panel.order):
        box.select(do.filter, **looking)
    for slider in (panel.low, panel.high):
        slider.release(do.filter, **looking)
    panel.disputed.input(do.filter, **looking)
    panel.back.click(do.turn(-1), **looking)
    panel.on.click(do.turn(1), **looking)
    for tab in ("analyse", "compare"):
        moved = [page.session, page.brought, page.tabs[NAME].parent]
        brought = getattr(panel.faces, tab)(do.bring(tab), [panel.split, page.session], moved, **QUIET)
        brought.success(None, js="() => window.scrollTo({ top: 0 })", **QUIET)
