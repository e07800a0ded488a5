"""Several people at once, and one who stops: explanations in steps, and networks that go from hand to hand."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fer_explain import Analyzer
from fer_explain.errors import FerError
from fer_explain.types import FaceAnalysis
from tests.untrained import assert_same, face, finish


def test_threads_on_one_network_never_see_each_others_results(analyzer: Analyzer) -> None:
    """Eleven people, each with a face, a method and a target of their own, on two networks at the same time."""
    ways: list[str | None] = [
        "gradcam",
        "layercam",
        None,
        "finer_cam",
        "eigencam",
        "region_ablation",
        "score_cam",
        "saliency",
    ]
    people = [
        (face(seed), model, method, seed % 7)
        for seed, (model, method) in enumerate(
            [("emonext_nano", way) for way in ways]
            + [("convnext_nano", "gradcam"), ("convnext_nano", None), ("convnext_nano", "gradient_shap")]
        )
    ]
    expected = [analyzer.explain([own], model, method, target)[0] for own, model, method, target in people]
    fresh = Analyzer()  # so that loading is raced for as well
    start = threading.Barrier(len(people))

    def insist(number: int) -> list[FaceAnalysis]:
        own, model, method, target = people[number]
        start.wait()
        return [fresh.explain([own], model, method, target)[0] for _ in range(6)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(len(people)) as pool:
            results = list(pool.map(insist, range(len(people))))
    finally:
        sys.setswitchinterval(interval)
    for own, wanted in zip(results, expected, strict=True):
        for told in own:
            assert_same(told, wanted)


def test_a_slow_explanation_comes_in_steps_and_says_the_same(analyzer: Analyzer) -> None:
    shares, [told] = finish(analyzer.explain_in_steps([face(0)], method="occlusion", target=2, overlap=0))
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert_same(told, analyzer.explain([face(0)], method="occlusion", target=2, overlap=0)[0])


def test_a_closed_explanation_stops_and_leaves_the_network_free(analyzer: Analyzer) -> None:
    passes: list[int] = []
    analyzer.predict([face(0)])
    handle = analyzer.checkpoint().model.register_forward_hook(lambda *_: passes.append(1))
    steps = analyzer.explain_in_steps([face(0)], method="integrated_gradients", steps=256)
    for _ in range(3):
        next(steps)
    steps.close()
    stopped = len(passes)
    assert stopped <= 4
    assert len(analyzer.predict([face(0)])) == 1
    assert len(passes) == stopped + 1
    handle.remove()


def test_others_get_the_network_between_two_steps(analyzer: Analyzer) -> None:
    """While one person's explanation pauses between two steps, others are served, and change nothing in it."""
    alone = analyzer.explain([face(0)], method="occlusion", target=1)[0]
    steps = analyzer.explain_in_steps([face(0)], method="occlusion", target=1)
    next(steps)
    with ThreadPoolExecutor(1) as pool:
        for seed in range(3):
            told = pool.submit(analyzer.explain, [face(seed)], None, "gradcam", seed).result(60)[0]
            assert_same(told, analyzer.explain([face(seed)], None, "gradcam", seed)[0])
    assert_same(finish(steps)[1][0], alone)


def test_mistakes_are_told_before_any_work(analyzer: Analyzer) -> None:
    for settings, sentence in (({"steps": 3}, "from 8 to 256"), ({"pace": 1}, "no parameter 'pace'")):
        steps = analyzer.explain_in_steps([face(0)], method="integrated_gradients", **settings)
        with pytest.raises(FerError, match=sentence):
            next(steps)
        with pytest.raises(FerError, match=sentence):
            analyzer.explain([], method="integrated_gradients", **settings)
