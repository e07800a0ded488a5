import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_explain.benchmark.calibration import softmax
from fer_explain.errors import FerError
from fer_explain.hub.folder import list_checkpoints
from fer_explain.hub.predictions import read_metrics_file, read_saved

NAMES = ("a", "b", "c")


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
