"""What each cause is worth: the numbers against ones worked by hand, and what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from fer_explain.benchmark.statistics import paired_bootstrap_difference
from fer_explain.errors import FerError
from tests.training.test_study_effects import GRID, ONE_FACTOR, study
from training.study import sections
from training.study.causes import Measured, Worth, as_numbers, contrasts, variant_differences, variant_scores, worths
from training.study.effects import mean_over_seeds
from training.study.scores import Scores

B, OFF = "f: b instead of a", "g: off instead of on"
RIGHT_OF_TEN = {"a + on": (2, 4), "a + off": (4, 4), "b + on": (6, 6), "b + off": (8, 10)}  # by seed


def scores(values: ArrayLike, first_row: int = 0) -> Scores:
    given = np.asarray(values, np.float64)
    return Scores(np.arange(len(given)) + first_row, given)


def measured(right_of_ten: dict[str, tuple[int, ...]]) -> dict[str, dict[str, dict[int, Scores]]]:
    return {
        "faces": {
            name: {seed: scores(np.arange(10) < n) for seed, n in enumerate(counts)}
            for name, counts in right_of_ten.items()
        }
    }


def found(tmp_path: Path, given: Measured, text: str = GRID) -> dict[str, Worth]:
    return {one.contrast.name: one for one in worths(contrasts(study(tmp_path, text)), given)}


def test_main_effects_are_those_worked_by_hand(tmp_path: Path) -> None:
    """b: 0.75 - 0.35. What is left without variants and seeds is 0.05 eight times: 0.02 in all, 3 degrees of freedom.

    A main effect of four variants with two seeds has the standard error sqrt(0.02 / 3 / 2), and t(0.975, 3) is 3.1824.
    """
    of = found(tmp_path, measured(RIGHT_OF_TEN))
    assert list(of) == ["with none of it: a + on", B, OFF, "all together", "with all of it: b + off"]
    values = {name: (one.value, *one.of_seed) for name, one in of.items()}
    assert values[B] == pytest.approx((0.4, 0.4, 0.4))
    assert values[OFF] == pytest.approx((0.2, 0.2, 0.2))
    assert values["all together"] == pytest.approx((0.6, 0.6, 0.6))
    assert values["with none of it: a + on"] == pytest.approx((0.3, 0.2, 0.4))
    assert values["with all of it: b + off"] == pytest.approx((0.9, 0.8, 1.0))
    assert {one.freedom for one in of.values()} == {3}
    assert of[B].trainings == pytest.approx((0.4 - 0.18374, 0.4 + 0.18374), abs=1e-5)
    assert of["all together"].trainings == pytest.approx((0.6 - 0.25985, 0.6 + 0.25985), abs=1e-5)
    assert of["with none of it: a + on"].trainings is None
    assert of[B].p_value == pytest.approx(0.00617, abs=1e-5)


def test_the_interval_over_images_is_the_paired_bootstrap_of_seed_averaged_scores(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    given = {"faces": {name: {s: scores(rng.random(50)) for s in range(2)} for name in RIGHT_OF_TEN}}
    mean = {name: np.mean([one.values for one in of.values()], axis=0) for name, of in given["faces"].items()}
    a, b = (np.mean([mean[f"{f} + on"], mean[f"{f} + off"]], axis=0) for f in "ab")
    known, worth = paired_bootstrap_difference(b, a), found(tmp_path, given)[B]
    assert worth.value == pytest.approx(known.value)
    assert worth.images == pytest.approx(known.interval)
    assert worth.n == 50


def test_two_variants_alone_have_the_paired_t_interval(tmp_path: Path) -> None:
    given = measured({"a": (2, 4, 3), "b": (6, 7, 9)})
    worth, known = found(tmp_path, given, ONE_FACTOR)[B], mean_over_seeds([0.4, 0.3, 0.6])
    assert worth.trainings == pytest.approx(known.interval)
    assert worth.p_value == pytest.approx(known.p_value)


def test_a_certain_difference_survives_holms_correction(tmp_path: Path) -> None:
    given = measured(RIGHT_OF_TEN)
    of = found(tmp_path, given)
    ordered = sorted((of[name] for name in (B, OFF, "all together")), key=lambda one: one.p_value)
    assert ordered[0].adjusted_p == pytest.approx(3 * ordered[0].p_value)
    assert of[B].is_certain
    many = {f"faces {place}": given["faces"] for place in range(9)}
    assert not any(one.is_certain for one in worths(contrasts(study(tmp_path, GRID)), many))


def test_the_table_has_causes_down_and_measures_across(tmp_path: Path) -> None:
    given = measured(RIGHT_OF_TEN) | {"photos": measured(dict.fromkeys(RIGHT_OF_TEN, (5, 5)))["faces"]}
    every = worths(contrasts(study(tmp_path, GRID)), given)
    part = sections.causes(every)[0]
    assert part.title == "What each cause is worth"
    assert part.table is not None
    assert list(part.table.columns) == ["faces", "photos"]
    low, high = (100 * end for end in every[1].images)
    assert part.table.loc[B, "faces"] == (
        f"+40.0 (images {low:+.1f} to {high:+.1f}; trainings +21.6 to +58.4; seeds +40.0, +40.0)"
    )
    assert part.table.loc["with none of it: a + on", "faces"].startswith("30.0 % (images ")
    assert part.table.loc[B, "photos"] == "+0.0 (images +0.0 to +0.0; trainings +0.0 to +0.0; seeds +0.0, +0.0)"
    assert f"{B}: faces +40.0." in part.sentences
    assert f"{OFF}: no evidence." in part.sentences
    numbers = as_numbers(every).set_index(["measure", "what"])
    assert numbers.loc[("faces", B), "of_seed"] == "0.4 0.4"
    assert numbers.loc[("faces", B), "kind"] == "difference"


def test_one_seed_has_no_interval_over_trainings_and_says_so(tmp_path: Path) -> None:
    of = found(tmp_path, measured({name: counts[:1] for name, counts in RIGHT_OF_TEN.items()}))
    assert of[B].trainings is None
    assert not of[B].is_certain
    assert any("another training may say otherwise" in told for told in sections.causes(list(of.values()))[0].sentences)


def test_only_common_seeds_count_and_a_missing_variant_leaves_out_what_needs_it(tmp_path: Path) -> None:
    assert found(tmp_path, measured(RIGHT_OF_TEN | {"b + on": (6,)}))[B].of_seed == pytest.approx((0.4,))
    given = measured({name: counts for name, counts in RIGHT_OF_TEN.items() if name != "b + on"})
    assert list(found(tmp_path, given)) == [
        "with none of it: a + on",
        "all together",
        "with all of it: b + off",
    ]
    grid = study(tmp_path, GRID)
    assert [one.contrast.name for one in worths(variant_scores(grid), given)] == ["a + on", "a + off", "b + off"]
    assert [one.value for one in worths(variant_differences(grid), given)] == pytest.approx([0.1, 0.6])


def test_a_factor_of_three_levels_has_no_other_end(tmp_path: Path) -> None:
    text = GRID.replace('"b" = {', '"c" = { lr = 2e-4 }\n"b" = {')
    counts = RIGHT_OF_TEN | {"c + on": (5, 5), "c + off": (5, 5)}
    assert list(found(tmp_path, measured(counts), text)) == [
        "with none of it: a + on",
        "f: c instead of a",
        B,
        OFF,
    ]
    assert found(tmp_path, measured(counts), text)["f: c instead of a"].value == pytest.approx(0.15)


def test_different_images_are_refused(tmp_path: Path) -> None:
    given = measured(RIGHT_OF_TEN)
    given["faces"]["b + off"][1] = scores(np.ones(10), first_row=5)
    with pytest.raises(FerError, match="faces: two runs were judged on different images"):
        found(tmp_path, given)
