import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_explain.benchmark.calibration import softmax
from fer_explain.benchmark.saved import Saved, align, ensemble, ensemble_temperature, read_saved
from fer_explain.errors import FerError
from fer_explain.hub.folder import list_checkpoints

NAMES = ("a", "b", "c")


def saved(name: str, rows: list[int], logits: list[list[float]], labels: list[int] | None = None) -> Saved:
    truth = np.array(labels if labels is not None else [0] * len(rows))
    return Saved(name, "test", np.array(rows), truth, np.array(logits, float), 1.0, NAMES)


def write_folder(folder: Path, rows: list[int], labels: list[int], logits: list[list[float]]) -> Path:
    (folder / "predictions").mkdir(parents=True)
    table = pd.DataFrame({"row": rows, "label": labels})
    for index, column in enumerate(np.array(logits).T):
        table[f"logit_{index}"] = column
    table.to_parquet(folder / "predictions" / "test.parquet")
    (folder / "config.json").write_text(json.dumps({"label_names": NAMES, "temperature": 2.0}))
    return folder


@pytest.mark.parametrize("name", list_checkpoints())
def test_embedded_predictions_give_the_accuracy_of_the_metrics_file(name: str) -> None:
    from fer_explain.benchmark.saved import read_metrics_file

    splits = read_metrics_file(name)["splits"]
    for split in ("validation", "test"):
        model = read_saved(name, split)
        assert len(model) == splits[split]["n"] == 3589
        assert model.correct.mean() == pytest.approx(splits[split]["accuracy"])


def test_rows_are_sorted_and_probabilities_calibrated(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", [9, 3], [1, 2], [[0, 4, 0], [0, 0, 6]])
    model = read_saved(folder, "test")
    assert model.name == "net"
    assert model.rows.tolist() == [3, 9]
    assert model.correct.tolist() == [True, True]
    np.testing.assert_allclose(model.probabilities[1], softmax([0, 2, 0]))


@pytest.mark.parametrize(
    ("rows", "labels", "logits", "reason"),
    [
        ([1, 1], [0, 0], [[0, 0, 0]] * 2, "a row twice"),
        ([1, 2], [0, 3], [[0, 0, 0]] * 2, "a label outside 0 to 2"),
        ([1, 2], [0, 1], [[0, 0, float("nan")]] * 2, "not finite"),
        ([1, 2], [0, 1], [[0, 0]] * 2, "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, rows, labels, logits, reason: str) -> None:
    folder = write_folder(tmp_path / "net", rows, labels, logits)
    with pytest.raises(FerError, match=f"net: predictions/test.parquet .*{reason}|net: .*{reason}"):
        read_saved(folder, "test")
    with pytest.raises(FerError, match="no saved predictions for validation"):
        read_saved(folder, "validation")


def test_models_are_put_on_the_rows_they_share() -> None:
    one, two = align([saved("x", [1, 2, 5], [[1, 0, 0]] * 3), saved("y", [2, 5, 7], [[0, 1, 0]] * 3)])
    assert one.rows.tolist() == two.rows.tolist() == [2, 5]


def test_models_that_cannot_be_compared_are_refused() -> None:
    here = saved("x", [1, 2], [[1, 0, 0]] * 2)
    with pytest.raises(FerError, match="no image in common"):
        align([here, saved("y", [3], [[1, 0, 0]])])
    with pytest.raises(FerError, match="other labels for the same rows"):
        align([here, saved("y", [1, 2], [[1, 0, 0]] * 2, labels=[0, 1])])


def test_an_ensemble_is_the_mean_of_probabilities() -> None:
    one, two = saved("x", [1], [[2, 0, 0]]), saved("y", [1], [[0, 3, 0]])
    joined = ensemble([one, two])
    np.testing.assert_allclose(joined.probabilities, (softmax([[2, 0, 0]]) + softmax([[0, 3, 0]])) / 2)
    assert joined.name == "x + y"
    assert joined.predicted.tolist() == [1]
    with pytest.raises(FerError, match="at least two"):
        ensemble([one])


def test_an_overconfident_ensemble_gets_a_temperature_above_one() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=600)
    logits = rng.normal(size=(600, 3)) * 3
    logits[np.arange(600), labels] += 1.5
    rows = list(range(600))
    models = [saved(name, rows, (logits + rng.normal(size=logits.shape)).tolist(), labels.tolist()) for name in "xy"]
    assert ensemble_temperature(models) > 1.2
