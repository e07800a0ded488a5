"""Differences between variants: the intervals are scipy's, and "better" takes seeds and images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.stats import ttest_1samp

from fer_explain.benchmark.saved import Saved
from fer_explain.errors import FerError
from training.study.effects import effects, mean_over_seeds, pairs
from training.study.plan import Study
from training.study.summary import as_table, summarise
from training.study.toml_file import read_study

N = 400
ONE_FACTOR = 'model = "vgg_compact"\n[factors.f]\n"a" = {}\n"b" = { lr = 1e-4 }\n'
GRID = ONE_FACTOR + '[factors.g]\n"on" = {}\n"off" = { ema = 0.0 }\n'


def saved(right: ArrayLike, first_row: int = 0) -> Saved:
    """A model of two classes that is right on the images that ``right`` (N,) says."""
    correct = np.asarray(right, bool)
    logits = np.where(correct[:, None], [3.0, 0.0], [0.0, 3.0])
    rows = np.arange(len(correct)) + first_row
    return Saved("model", "validation", rows, np.zeros(len(rows), np.int64), logits, 1.0, ("yes", "no"))


def noisy(accuracy: float, seed: int) -> Saved:
    return saved(np.random.default_rng(seed).random(N) < accuracy)


def study(tmp_path: Path, text: str = ONE_FACTOR) -> Study:
    path = tmp_path / "made_up.toml"
    path.write_text(text)
    return read_study(str(path))


def test_the_mean_over_seeds_has_students_interval_and_p_value() -> None:
    values = [0.02, 0.035, 0.01, 0.04]
    mean, known = mean_over_seeds(values), ttest_1samp(values, 0)
    assert mean.interval == pytest.approx(tuple(known.confidence_interval(0.95)))
    assert mean.p_value == pytest.approx(known.pvalue)
    assert (mean.value, mean.n) == (pytest.approx(np.mean(values)), 4)


def test_one_seed_has_no_interval_over_seeds() -> None:
    assert mean_over_seeds([0.3]).interval is None


def test_equal_seeds_do_not_divide_by_zero() -> None:
    assert mean_over_seeds([0.0, 0.0, 0.0]).p_value == 1
    assert mean_over_seeds([0.1, 0.1, 0.1]).p_value == 0


def test_a_difference_in_every_seed_and_on_many_images_is_one(tmp_path: Path) -> None:
    found = effects(
        study(tmp_path),
        {"a": {s: noisy(0.5, s) for s in range(4)}, "b": {s: noisy(0.8, 10 + s) for s in range(4)}},
    )
    assert len(found) == 1
    assert found[0].better == "b"
    assert found[0].sentence.startswith("b is better than a by ")
    assert "4 seeds" in found[0].sentence
    assert f"n = {N}" in found[0].sentence
    assert found[0].seeds.value == pytest.approx(found[0].images.value)


def test_the_sentence_names_the_better_one_first(tmp_path: Path) -> None:
    """The reference may win too; a difference is then told from its side, with its ends in order."""
    replicates = {"a": {0: saved(np.arange(N) < 300)}, "b": {0: saved(np.arange(N) < 200)}}
    found = effects(study(tmp_path), replicates)[0]
    low, high = (-100 * end for end in reversed(found.images.interval))
    assert found.better == "a"
    assert found.sentence.startswith("a is better than b by 25.0 points")
    assert f"images {low:.1f} to {high:.1f}" in found.sentence


def test_seeds_that_contradict_each_other_are_no_evidence(tmp_path: Path) -> None:
    """On these images b is clearly better on average, but all of that comes from one seed."""
    a = {s: noisy(0.5, s) for s in range(3)}
    found = effects(study(tmp_path), {"a": a, "b": {0: noisy(0.5, 7), 1: noisy(0.5, 8), 2: noisy(0.95, 9)}})[0]
    assert found.images.interval.excludes_zero
    assert found.better is None
    assert found.sentence.startswith("No evidence of a difference between b and a: +")


def test_one_seed_is_compared_by_mcnemar_and_says_so(tmp_path: Path) -> None:
    replicates = {"a": {0: noisy(0.4, 0)}, "b": {0: noisy(0.8, 1)}}
    found = effects(study(tmp_path), replicates)[0]
    assert found.p_value == pairs(replicates)[0][0].test.p_value
    assert found.better == "b"
    assert found.sentence.endswith("; one seed, and another may say otherwise).")


def test_a_grid_has_main_effects_and_one_correction(tmp_path: Path) -> None:
    accuracies = {"a + on": 0.4, "a + off": 0.4, "b + on": 0.8, "b + off": 0.8}
    replicates = {
        name: {s: noisy(accuracy, 100 * place + s) for s in range(3)}
        for place, (name, accuracy) in enumerate(accuracies.items())
    }
    found = {(effect.a, effect.b): effect for effect in effects(study(tmp_path, GRID), replicates)}
    assert len(found) == 5
    main = found["b (averaged over g)", "a"]
    mean = {name: np.mean([one.correct.mean() for one in of.values()]) for name, of in replicates.items()}
    assert main.seeds.value == pytest.approx((mean["b + on"] + mean["b + off"] - mean["a + on"] - mean["a + off"]) / 2)
    assert main.better == "b (averaged over g)"
    assert found["off (averaged over f)", "on"].better is None
    smallest = min(found.values(), key=lambda effect: effect.p_value)
    assert smallest.adjusted_p == pytest.approx(min(1, 5 * smallest.p_value))


def test_only_common_seeds_are_compared_and_an_absent_variant_is_left_out(tmp_path: Path) -> None:
    replicates = {"a": {0: noisy(0.5, 0), 1: noisy(0.5, 1)}, "b": {1: noisy(0.5, 2)}}
    assert effects(study(tmp_path), replicates)[0].seeds.n == 1
    assert effects(study(tmp_path), {"a": {0: noisy(0.5, 0)}, "b": {}}) == []


def test_different_images_are_refused(tmp_path: Path) -> None:
    shifted = {"a": {0: saved(np.ones(N))}, "b": {0: saved(np.ones(N), first_row=5)}}
    with pytest.raises(FerError, match="judged on different images"):
        effects(study(tmp_path), shifted)


def test_pairs_are_corrected_over_all_seeds() -> None:
    replicates = {
        name: {s: noisy(accuracy, s + 10 * i) for s in range(2)}
        for i, (name, accuracy) in enumerate({"a": 0.5, "b": 0.6, "c": 0.9}.items())
    }
    found = pairs(replicates)
    assert {seed: len(of) for seed, of in found.items()} == {0: 3, 1: 3}
    every = [pair for of in found.values() for pair in of]
    smallest = min(every, key=lambda pair: pair.test.p_value)
    assert smallest.adjusted_p == pytest.approx(6 * smallest.test.p_value)


def test_a_summary_is_the_mean_over_seeds() -> None:
    lines = summarise({"a": {0: saved([1, 1, 0, 0]), 1: saved([1, 1, 1, 0])}, "b": {0: saved([1, 0, 0, 0])}, "c": {}})
    assert [line.of_seed for line in lines] == [(0.5, 0.75), (0.25,)]
    table = as_table(lines).set_index("variant")
    assert table.loc["a", "accuracy"] == 0.625
    assert {line.commonest for line in lines} == {1.0}
    assert table["interval_over"].to_dict() == {"a": "seeds", "b": "images"}
    assert table.loc["b", "low"] <= 0.25 <= table.loc["b", "high"]
