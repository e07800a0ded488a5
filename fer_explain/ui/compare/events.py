"""What happens on the Compare tab: one face through the chosen models, each shown as soon as it has spoken."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.emotions import key_of
from fer_explain.hub.config import read_config
from fer_explain.ui.compare.state import Compared, Said
from fer_explain.ui.compare.tested_maps import settle
from fer_explain.ui.compare.view import Cost, columns, mixed
from fer_explain.ui.shell.components import drawn
from fer_explain.ui.shell.context import texts_for
from fer_explain.ui.shell.event_order import arrival
from fer_explain.ui.shell.examples import EXAMPLES
from fer_explain.ui.shell.method_choice import methods
from fer_explain.ui.shell.session import PREDICTED, Session
from fer_explain.ui.shell.status import status, trouble
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import telling

ALIKE: Final = 2  # models it takes to compare heat maps
TESTED: Final = "tested"  # as explain.tested calls it, which imports torch
QUICK: Final = "gradcam"  # the map until the tested one is there


# (state, status, columns; then what the models have in common: answers, correlation and overlap of maps, visibility;
# the button that stops)
Shown = tuple[Any, str, Any, Any, Any, Any, Any, gr.Button]
# Upstream defect, no issue found: a generator that yields nothing empties every output.
# Test: test_generator_that_yields_nothing_empties_the_outputs.
UNCHANGED: Final = [gr.skip()] * 8


class Comparing:
    """The callbacks of the tab."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._cost = cache(self._count)

    def look(
        self,
        state: Compared,
        models: Sequence[str],
        method: str,
        target: str,
        shared: bool,
        path: str | None,
        request: gr.Request,
    ) -> Iterator[Any]:
        """A photo was uploaded or pasted: its largest face is compared."""
        if path is None:
            yield UNCHANGED
            return
        yield from self._answer(
            state, lambda: state.on(self._analyzer.detect(path)), models, (method, target), shared, request
        )

    def try_example(
        self,
        state: Compared,
        models: Sequence[str],
        method: str,
        target: str,
        shared: bool,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[Any]:
        """One of the examples was clicked."""
        pixels = EXAMPLES[int(event.index)].pixels
        yield from self._answer(
            state, lambda: state.on(self._analyzer.detect(pixels)), models, (method, target), shared, request
        )

    def arrive(
        self,
        state: Compared,
        models: Sequence[str],
        method: str,
        target: str,
        shared: bool,
        session: Session,
        request: gr.Request,
    ) -> Iterator[Any]:
        """The tab was opened: the face that is on the Analyse tab is compared, unless it already was."""
        there = session.detection
        known = state.detection is there and state.chosen == session.chosen
        if there is None or not there.faces or known:
            yield UNCHANGED
            return
        yield from self._answer(
            state, lambda: state.on(there, session.chosen), models, (method, target), shared, request
        )

    def ask(
        self,
        state: Compared,
        models: Sequence[str],
        method: str,
        target: str,
        shared: bool,
        request: gr.Request,
    ) -> Iterator[Any]:
        """Other models, another explanation or another class were chosen."""
        if state.face is None:
            yield UNCHANGED
            return
        yield from self._answer(state, lambda: state, models, (method, target), shared, request)

    def _answer(
        self,
        before: Compared,
        move: Callable[[], Compared],
        models: Sequence[str],
        question: tuple[str, str],
        shared: bool,
        request: gr.Request,
    ) -> Iterator[Any]:
        """Models that have spoken are kept; the others are asked one after the other, until a newer question comes."""
        wanted, texts = before.turns.begin(arrival(request)), texts_for(request)
        try:
            for shown in self._answers(move, models, question, shared, texts):
                if not wanted():
                    yield UNCHANGED
                    return
                yield shown
        except Exception as error:
            yield self._failed(trouble(error, texts)) if wanted() else UNCHANGED

    def _answers(
        self,
        move: Callable[[], Compared],
        models: Sequence[str],
        question: tuple[str, str],
        shared: bool,
        texts: Texts,
    ) -> Iterator[Shown]:
        method, target = question
        question = method, target if target in self._common(models) else PREDICTED
        state = move().asking(*question)
        if state.face is None:
            yield self._nothing(state, texts)
            return
        costs = {model: self._cost(model) for model in models}
        yield self._show(state, models, costs, shared, texts)
        tested = method == TESTED
        for model in state.missing(models):
            state = state.told(model, self._ask(state, model, QUICK if tested else method, question[1]))
            yield self._show(state, models, costs, shared, texts)
        for model in state.unsettled(models) if tested else ():
            said = yield from self._settle(state, model, models, question[1], texts)
            state = state.told(model, said)
            yield self._show(state, models, costs, shared, texts)

    def _settle(
        self, state: Compared, model: str, models: Sequence[str], target: str, texts: Texts
    ) -> Generator[Shown, None, Said]:
        """Works out a network's tested map; meanwhile only the status changes, as columns are large."""
        steps, done = settle(self._analyzer, state, model, target), len(models) - len(state.unsettled(models))

        def settling(share: float) -> Shown:
            percent = round(100 * share)
            told = status(texts("compare.settling", n=done + 1, total=len(models), percent=percent))
            return gr.skip(), told, *[gr.skip()] * 5, gr.Button(visible=True)

        return (yield from telling(steps, settling))

    def stop(self, state: Compared, request: gr.Request) -> tuple[str, gr.Button]:
        """Maps that are not worked out yet are wanted no longer; what is there stays."""
        state.turns.begin(arrival(request))
        return status(texts_for(request)("compare.stopped")), gr.Button(visible=False)

    def methods(self, request: gr.Request) -> gr.Dropdown:
        """The explanations, and the map that was found to hold for each network."""
        return methods((texts_for(request)("compare.tested"), TESTED))

    def offer(self, models: Sequence[str], target: str, request: gr.Request) -> gr.Radio:
        """The classes one can ask about: those that all chosen networks know."""
        texts, common = texts_for(request), self._common(models)
        choices = [(texts("heat.predicted"), PREDICTED), *((texts.emotion(label), label) for label in common)]
        return gr.Radio(choices, value=target if target in common else PREDICTED)

    def _common(self, models: Sequence[str]) -> list[str]:
        """The classes that all of the networks know, as the first one calls them."""
        from fer_explain.explain.similarity import common_classes  # imports SciPy

        label_sets = [read_config(self._analyzer.folder(model)).label_names for model in models]
        common = common_classes(label_sets)
        return [label for label in label_sets[0] if key_of(label) in common] if label_sets else []

    def _ask(self, state: Compared, model: str, method: str, target: str) -> Said:
        from fer_explain.explain.registry import explainer  # imports torch
        from fer_explain.faces.preprocess import preprocess, to_image

        assert state.face is not None, "a model is only asked about a face"
        spec = self._analyzer.checkpoint(model).config.input  # loading it is not what is timed
        began = time.perf_counter()
        [analysis] = self._analyzer.explain([state.face], model, method, None if target == PREDICTED else target)
        spent = 1000 * (time.perf_counter() - began)
        unit = explainer(method).unit
        seen = analysis.warp.aligned if analysis.warp else to_image(preprocess(state.face, spec), spec)[0]
        return Said(analysis, spent, seen, unit)

    def _show(
        self, state: Compared, models: Sequence[str], costs: Mapping[str, Cost], shared: bool, texts: Texts
    ) -> Shown:
        said = state.of(models)
        assert state.shown is not None, "a state with a face has a photo"
        ready = len(said) == len(models)
        sentence = status(_summary(said, texts) if ready else texts("compare.progress", n=len(said), total=len(models)))
        table = columns(state.shown, models, said, costs, shared=shared, texts=texts)
        alike = ready and len(said) >= ALIKE
        maps = likeness(said, texts) if alike else ("", "", "")
        return state, sentence, table, *maps, gr.Column(visible=alike), gr.Button(visible=False)

    def _nothing(self, state: Compared, texts: Texts) -> Shown:
        problem = status(texts("status.none"), error=True)
        return state, problem, "", "", "", "", gr.Column(visible=False), gr.Button(visible=False)

    def _failed(self, sentence: str) -> tuple[Any, ...]:
        return gr.skip(), status(sentence, error=True), *[gr.skip()] * 5, gr.Button(visible=False)

    def _count(self, model: str) -> Cost:
        from fer_explain.hub.folder import WEIGHTS
        from fer_explain.models.catalogue import measure

        with self._analyzer.borrow(model) as (checkpoint, _):
            config = checkpoint.config
            return Cost(
                sum(parameter.numel() for parameter in checkpoint.model.parameters()),
                measure(config.architecture, 0 if config.model_args else config.input.size).multiply_adds,
                (checkpoint.folder / WEIGHTS).stat().st_size,
                config.trained,
            )


def _summary(said: Mapping[str, Said], texts: Texts) -> str:
    """How many of the models read what."""
    counts: dict[str, int] = {}
    for entry in said.values():
        label = key_of(entry.analysis.prediction.label)
        counts[label] = counts.get(label, 0) + 1
    if len(counts) == 1:
        told = texts("compare.agree", n=len(said), emotion=texts.emotion(next(iter(counts))))
    else:
        ranked = sorted(counts.items(), key=lambda item: -item[1])
        told = texts("compare.differ", parts=", ".join(f"{texts.emotion(label)} {n}" for label, n in ranked))
    return " ".join([told, *not_common(said, texts), *([texts("compare.mixed")] if mixed(said) else [])])


def not_common(said: Mapping[str, Said], texts: Texts) -> list[str]:
    """Where the networks know other classes: which of them all know, and which others are not compared."""
    from fer_explain.explain.similarity import common_classes

    label_sets = [entry.analysis.prediction.labels for entry in said.values()]
    common = common_classes(label_sets)
    others = dict.fromkeys(label for labels in label_sets for label in labels if key_of(label) not in common)
    if not others:
        return []
    names = [", ".join(map(texts.emotion, labels)) for labels in (common, others)]
    return [texts("compare.common", common=names[0] or "–", others=names[1])]


def likeness(said: Mapping[str, Said], texts: Texts) -> tuple[str, str, str]:
    """Shared probability of every two models' answers, and rank correlation and overlap of their maps."""
    from fer_explain.explain.similarity import (
        agreements,
        common_classes,
        common_map,
        correlations,
        on_classes,
        overlaps,
    )
    from fer_explain.figures.likeness import likeness_figure

    names = list(said)
    predictions = [entry.analysis.prediction for entry in said.values()]
    common = common_classes([prediction.labels for prediction in predictions])
    answers = agreements([on_classes(prediction, common) for prediction in predictions])
    maps = [common_map(entry.analysis) for entry in said.values()]
    return (
        drawn(likeness_figure(answers, names, hover=texts("compare.agreement"))),
        drawn(likeness_figure(correlations(maps), names, hover=texts("compare.correlation"), signed=True)),
        drawn(likeness_figure(overlaps(maps), names, hover=texts("compare.overlap"))),
    )
