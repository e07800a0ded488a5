"""What the sections of the Benchmark tab show: unpack what is asked, hand saved predictions to the charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.figures.benchmark import (
    class_charts,
    confidence_charts,
    confusion_charts,
    cost_charts,
    difference_chart,
)
from fer_explain.figures.chart import Chart, to_json
from fer_explain.figures.claimed import claim_charts
from fer_explain.figures.evidence import evidence_charts, pair_chart
from fer_explain.figures.habits import habit_charts, training_charts
from fer_explain.figures.robustness import robustness_charts
from fer_explain.hub.lineup import Lineup
from fer_explain.hub.results import Group
from fer_explain.ui.benchmark.controls import ANY, BenchmarkPanel
from fer_explain.ui.benchmark.disturbances import disturbed_example
from fer_explain.ui.benchmark.explanations import explanation_charts
from fer_explain.ui.benchmark.state import groups, look, milliseconds
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.status import status, trouble
from fer_explain.ui.shell.texts import Texts

_NAMED = 8  # classes that are named in a list of groups
Updates = dict[Any, Any]
Values = Mapping[Any, Any]


class Benchmarking:
    """The callbacks of everything above the faces."""

    def __init__(self, analyzer: Analyzer, panel: BenchmarkPanel) -> None:
        self._analyzer = analyzer
        self._is = panel
        self._latencies: dict[str, float] = {}  # by model, as measured here for whoever asked first

    def arrive(self, values: Values, request: gr.Request) -> Updates:
        """The tab was opened: the choice of checkpoints is brought up to date, and the open section drawn."""
        texts, found = texts_for(request), list(groups(self._analyzer).items())
        if not found:
            return {self._is.line: status(texts("bench.none"), error=True)}
        place = values[self._is.group] if values[self._is.group] in range(len(found)) else 0
        names = found[place][1]
        embedded = [name for name in names if name in self._analyzer.models]
        chosen = [name for name in values[self._is.models] if name in names] or embedded or names
        choices = [(_called(group, texts), index) for index, (group, _) in enumerate(found)]
        return self._show({**values, self._is.models: chosen}, texts) | {
            self._is.group: gr.Dropdown(choices, value=place, visible=len(found) > 1),
            self._is.models: gr.CheckboxGroup(names, value=chosen),
        }

    def refresh(self, values: Values, request: gr.Request) -> Updates:
        """Other checkpoints, another split, or another question of the open section."""
        return self._show(values, texts_for(request))

    def turn_to(self, section: str) -> Callable[[Values, gr.Request], Updates]:
        """What opening a section does."""

        def show(values: Values, request: gr.Request) -> Updates:
            return self._show({**values, self._is.section: section}, texts_for(request))

        return show

    def measure(self, values: Values, request: gr.Request) -> Updates:
        """The networks are timed, those that were not yet."""
        try:
            for name in values[self._is.models]:
                if name not in self._latencies and name in self._analyzer.models:
                    self._latencies[name] = milliseconds(self._analyzer, name)
        except FerError as error:
            return {self._is.line: status(str(error), error=True)}
        return self._show(values, texts_for(request))

    def _show(self, values: Values, texts: Texts) -> Updates:
        """The open section; what cannot be shown is said in one sentence."""
        section = values[self._is.section]
        place = self._is.charts[section]
        try:
            chosen = values[self._is.models], values[self._is.split]
            view = look(self._analyzer, *chosen, together=values[self._is.together])
            shown = self._charts(section, view, values, texts)
            pictures = self._pictures(section, values, texts)
            line = texts("bench.shown", n=len(view.models), images=f"{len(view.models[0]):,}")
            choices = self._choices(view, values, texts)
            return {self._is.line: status(line), place: to_json(shown, texts)} | pictures | choices
        except Exception as error:
            return {self._is.line: status(trouble(error, texts), error=True), place: to_json([], texts)}

    def _choices(self, view: Lineup, values: Values, texts: Texts) -> Updates:
        """The models and classes one can ask about, in every list that offers them."""
        names = [model.name for model in view.models]
        is_ = self._is
        labels = view.models[0].label_names
        classes = [(texts("bench.any"), ANY), *((texts.emotion(label), k) for k, label in enumerate(labels))]
        asked = {
            box: gr.Dropdown(classes, value=values[box] if values[box] in range(len(labels)) else ANY)
            for box in (is_.true, is_.said)
        }
        places = {is_.model: 0, is_.first: 0, is_.second: 1, is_.one: 0, is_.other: 1}
        return asked | {
            box: gr.Dropdown(names, value=values[box] if values[box] in names else names[min(place, len(names) - 1)])
            for box, place in places.items()
        }

    def _charts(self, section: str, view: Lineup, values: Values, texts: Texts) -> list[Chart]:
        is_, models = self._is, view.models
        match section:
            case "confusion":
                return self._confusion(view, values, texts)
            case "classes":
                return class_charts(models, values[is_.score], texts)
            case "robustness":
                return _robustness(view, values[is_.strength], texts)
            case "confidence":
                return confidence_charts(view.pairs, view.voted, values[is_.level] / 100, texts)
            case "cost":
                return cost_charts(models, view.costs(self._latencies), texts)
            case "training":
                return _training(view, texts)
            case "habits":
                return _habits(view, texts)
            case "explanations":
                return _explanations(view, texts)
            case "evidence":
                return self._evidence(view, values, texts)
            case _:
                return self._claims(values, texts)

    def _pictures(self, section: str, values: Values, texts: Texts) -> Updates:
        """What the chosen strength does to the example face."""
        if section != "robustness":
            return {}
        return {self._is.pictures: disturbed_example(self._analyzer, values[self._is.strength], texts)}

    def _confusion(self, view: Lineup, values: Values, texts: Texts) -> list[Chart]:
        norm = values[self._is.norm]
        first, second = view.two(values[self._is.first], values[self._is.second])
        difference = [difference_chart(first, second, norm, texts)] if first is not second else []
        return [*confusion_charts(view.models, norm, texts), *difference]

    def _evidence(self, view: Lineup, values: Values, texts: Texts) -> list[Chart]:
        one, other = view.two(values[self._is.one], values[self._is.other])
        if one is other:
            raise FerError(texts("bench.two_needed"))
        matrices = evidence_charts(view.models, view.leaked, texts)
        return [pair_chart(one, other, view.leaked, texts), *matrices]

    def _claims(self, values: Values, texts: Texts) -> list[Chart]:
        """Published numbers are test accuracies, so ours are, too, whatever split is looked at."""
        view = look(self._analyzer, values[self._is.models], "test", together=values[self._is.together])
        ours = view.models if view.found[0].group.has_fer2013 else []
        return claim_charts(ours, values[self._is.paper], texts)


def _called(group: Group, texts: Texts) -> str:
    """A set of classes and data in words."""
    names = [texts.emotion(label) for label in group.label_names]
    told = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    return f"{group.data}: {told}" if group.data else told


def _robustness(view: Lineup, strength: int, texts: Texts) -> list[Chart]:
    if not view.disturbed:
        raise FerError(texts("bench.no_disturbed"))
    return robustness_charts(view.disturbed, strength, texts)


def _training(view: Lineup, texts: Texts) -> list[Chart]:
    histories = {entry.name: entry.history for entry in view.found if entry.history is not None}
    if not histories:
        raise FerError(texts("bench.no_history"))
    return training_charts(histories, texts)


def _habits(view: Lineup, texts: Texts) -> list[Chart]:
    from fer_explain.explain.profile import read_profile

    read = {entry.name: read_profile(entry.folder) for entry in view.found}
    profiles = {name: profile for name, profile in read.items() if profile is not None}
    if not profiles:
        raise FerError(texts("bench.no_profile"))
    return habit_charts(profiles, list(view.models[0].label_names), texts)


def _explanations(view: Lineup, texts: Texts) -> list[Chart]:
    from fer_explain.explain.tested import tested_map  # imports torch
    from fer_explain.explain.truth import read_truths

    weightless = {entry.name for entry in view.found if entry.file_bytes is None}
    found = {entry.name: None if entry.name in weightless else tested_map(entry.folder) for entry in view.found}
    if not any(found.values()):
        raise FerError(texts("bench.no_explanations"))
    return explanation_charts(found, read_truths(), texts)
