from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_explain.errors import FerError
from fer_explain.hub.config import read_config
from fer_explain.hub.folder import DEFAULT, EMBEDDED
from fer_explain.hub.lineup import ENSEMBLE, costs, line_up
from fer_explain.hub.results import Results, find_results
from fer_explain.models import architecture
from fer_explain.models.catalogue import measure


def found(*folders: Path) -> list[Results]:
    return [find_results(folder) for folder in folders]


def test_models_stand_side_by_side_with_what_is_known_of_the_images(results_folder) -> None:
    lineup = line_up(found(results_folder("one"), results_folder("two")), "test")
    assert [model.name for model in lineup.models] == ["one", "two"]
    assert [pair.validation.split for pair in lineup.pairs] == ["validation", "validation"]
    assert lineup.leaked is not None
    assert lineup.leaked.tolist() == list(range(1000, 1020))


def test_the_ensemble_comes_last_and_is_calibrated_on_validation(results_folder) -> None:
    lineup = line_up(found(results_folder("one"), results_folder("two")), "test", together=True)
    *members, joined = lineup.models
    assert joined.name == ENSEMBLE
    mean = np.mean([model.probabilities for model in members], axis=0)
    np.testing.assert_array_equal(joined.predicted, mean.argmax(axis=1))
    assert joined.temperature == lineup.validation[-1].temperature != 1
    alone = line_up(found(results_folder("three")), "test", together=True)
    assert [model.name for model in alone.models] == ["three"]


def test_without_validation_nothing_can_be_fitted(results_folder) -> None:
    lineup = line_up(found(results_folder("one"), results_folder("two", splits=("test",))), "test")
    with pytest.raises(FerError, match="validation"):
        _ = lineup.pairs
    assert find_results(results_folder("three", splits=("test",))).rule is None


def test_the_rule_covers_what_it_was_fitted_on(results_folder) -> None:
    entry = find_results(results_folder("one"))
    assert entry.rule is not None
    inside = entry.rule.sets(entry.validation.probabilities)[np.arange(120), entry.validation.labels]
    assert inside.mean() >= entry.rule.level == 0.9


def test_a_model_for_photos_is_also_judged_by_votes_on_the_split_that_is_looked_at(results_folder) -> None:
    plain, field = results_folder("one"), results_folder("two")
    table = pd.read_parquet(field / "predictions" / "test.parquet").head(50)
    table.to_parquet(field / "predictions" / "ferplus-test.parquet")
    [voted] = line_up(found(plain, field), "test").voted
    assert (voted.name, voted.split, len(voted)) == ("two", "ferplus-test", 50)
    assert line_up(found(plain, field), "validation").voted == []


def test_two_are_taken_by_name_or_the_first_ones(results_folder) -> None:
    lineup = line_up(found(results_folder("one"), results_folder("two"), results_folder("three")), "test")
    assert [model.name for model in lineup.two("three", "one")] == ["three", "one"]
    assert [model.name for model in lineup.two(None, "gone")] == ["one", "two"]


def test_the_ensemble_costs_what_all_do_where_that_is_known(results_folder) -> None:
    lineup = line_up(found(results_folder("one"), results_folder("two")), "test")
    known = lineup.costs({"one": 2.0, "two": 3.0})
    assert known[ENSEMBLE]["latency"] == 5.0
    assert known[ENSEMBLE]["parameters"] == pytest.approx(2 * known["one"]["parameters"])
    assert "file" not in known["one"], "there are no weights"
    assert "latency" not in lineup.costs({"one": 2.0})[ENSEMBLE]


def test_multiply_adds_are_those_at_the_input_of_the_checkpoint() -> None:
    """The default was trained for a larger input than its architecture has."""
    cost, own = costs(find_results(DEFAULT)), architecture(read_config(EMBEDDED / DEFAULT).architecture)
    bare = measure(own.name)
    assert cost["parameters"] == bare.parameters / 1e6
    share = (read_config(EMBEDDED / DEFAULT).input.size / own.input.size) ** 2
    assert share > 1
    assert cost["madds"] * 1e6 / bare.multiply_adds == pytest.approx(share, rel=0.05)


def test_kept_until_a_file_changes(results_folder) -> None:
    folder = results_folder("one")
    before = line_up(found(folder), "test")
    assert line_up(found(folder), "test") is before
    path = folder / "predictions" / "test.parquet"
    pd.read_parquet(path).iloc[:50].to_parquet(path)
    assert len(line_up(found(folder), "test").models[0]) == 50


def test_what_cannot_be_lined_up_is_said(results_folder) -> None:
    with pytest.raises(FerError, match="at least one"):
        line_up([], "test")
    with pytest.raises(FerError, match="no saved predictions for test"):
        line_up(found(results_folder("one", splits=("validation",))), "test")
    with pytest.raises(FerError, match="no checkpoint 'nowhere'"):
        find_results("nowhere")
