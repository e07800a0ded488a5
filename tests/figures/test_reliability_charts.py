"""Each model's reliability, and that of a model for photos by the labels it was made for."""

from __future__ import annotations

import numpy as np

from fer_explain.benchmark.saved import Pair
from fer_explain.figures.benchmark import confidence_charts
from fer_explain.figures.words import English
from fer_explain.hub.predictions import read_saved


def test_a_model_for_photos_shows_its_reliability_on_both_labels() -> None:
    name = "field_stn_se_mobilenetv1"
    test, validation, voted = (read_saved(name, split) for split in ("test", "validation", "ferplus-test"))
    charts = {chart.key: chart for chart in confidence_charts([Pair(test, validation)], [voted], 0.9, English())}
    on_own, on_votes = charts[f"reliability-test-{name}"], charts[f"reliability-ferplus-test-{name}"]
    assert on_votes.title == f"Reliability by FER+'s votes: {name}"

    def gap(chart: object) -> float:
        rows = [row for row in chart.rows if row[0] == "after"]  # type: ignore[attr-defined]
        n = np.array([row[3] for row in rows])
        return float((n * np.abs([row[1] - row[2] for row in rows])).sum() / n.sum())

    assert gap(on_votes) < 0.05 < gap(on_own), "it is calibrated for the votes, not for FER2013's labels"
    assert len(confidence_charts([Pair(test, validation)], [], 0.9, English())) == len(charts) - 1
