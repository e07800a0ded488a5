"""The known-truth benchmark of heat maps: what is drawn, how a map is scored, and the tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.ndimage import binary_dilation
from torch import Tensor, nn

from benchmarks import map_truth
from benchmarks.map_truth import (
    ADDED,
    CAUSES,
    CHECKS,
    SIDE,
    _one,
    checks_table,
    draw,
    judge,
    numbers,
    page,
    scores,
    table,
    train,
)
from fer_explain.explain.trials import way_of
from fer_explain.explain.truth import read_truths

FACES = draw(96, 3)


@pytest.mark.parametrize("cause", CAUSES)
def test_a_cause_changes_the_picture_there_and_nowhere_else(cause: str) -> None:
    """Faces that differ in one cause alone differ inside its place alone; the edges of strokes are a pixel soft."""
    forms = dict.fromkeys(CAUSES, 0)
    (one, places), (other, others) = (_one(forms | {cause: form}, np.random.default_rng(5)) for form in (0, 1))
    changed = (one.astype(int) != other.astype(int)).any(-1)
    assert changed.any()
    assert not (changed & ~binary_dilation(places[cause] | others[cause])).any()


def test_causes_are_independent_and_both_forms_are_common() -> None:
    labels = np.stack([FACES.labels[cause] for cause in CAUSES])
    assert (np.abs(labels.mean(1) - 0.5) < 0.2).all()
    assert np.abs(np.corrcoef(labels)[np.triu_indices(len(CAUSES), 1)]).max() < 0.35


def test_a_map_is_scored_by_its_mass_and_its_maximum() -> None:
    cause = np.zeros((SIDE, SIDE), bool)
    cause[10:20, 10:20] = True
    values = np.zeros((SIDE, SIDE))
    values[15, 15], values[40, 40], values[0, 0] = 3.0, 1.0, -9.0
    assert scores(values, cause) == (0.75, 1.0)
    assert scores(-values, cause) == (0.0, 0.0)
    assert scores(np.zeros_like(values), cause) == (0.0, 0.0)


class SpotFinder(nn.Module):
    """Says 1 where the spot's place is darker than the skin around it."""

    def forward(self, x: Tensor) -> Tensor:
        darker = x[:, :, 24:26, 13:17].mean((1, 2, 3)) - x[:, :, 26:30, 13:17].mean((1, 2, 3))
        return torch.stack([torch.full_like(darker, 0.2), darker], 1)


def test_maps_of_a_network_that_reads_the_spot_are_judged_where_the_spot_is() -> None:
    lines = list(judge(SpotFinder(), FACES, "spot", 3, 0, ["occlusion", "scale_occlusion"]))
    assert len(lines) == 6
    assert all(FACES.labels["spot"][line["face"]] == 1 for line in lines)
    assert all(line["pointed"] == 1 for line in lines if line["method"] == "occlusion")
    assert all(line["mass"] > 3 * line["area"] for line in lines)


def test_training_gives_a_network_of_two_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_truth, "EPOCHS", 1)
    monkeypatch.setattr(map_truth, "BATCH", 16)
    model = train(FACES.pixels[:16], FACES.labels["spot"][:16], 0)
    assert not model.training
    assert model(torch.zeros(1, 3, SIDE, SIDE)).shape == (1, 2)


def test_the_page_ranks_explanations_and_weighs_the_checks() -> None:
    lines = [
        {"cause": cause, "seed": seed, "face": face, "method": method, "mass": mass, "pointed": 1.0, "area": 0.1}
        | {"accuracy": 0.98, "passed": 5 if mass > 0.5 else 1}
        | {check: (mass > 0.5) == (check != "road") for check in CHECKS}
        for cause in CAUSES
        for seed in (0, 1)
        for face in (0, 1)
        for method, mass in (("poor", 0.2), ("good", 0.9))
    ]
    frame = pd.DataFrame(lines)
    ranked = [line.split(" | ")[0] for line in table(frame).splitlines()[2:4]]
    assert ranked == ["| good", "| poor"]
    told = {line.split(" | ")[0][2:]: line for line in checks_table(frame).splitlines()[2:]}
    assert "+1.00" in told["curves"]
    assert "-1.00" in told["road"]
    text = page(frame, "python -m benchmarks.map_truth")
    assert "98.0 %" in text
    assert f"{len(CAUSES) * 2} networks" in text


def test_the_numbers_for_the_package_are_those_of_the_page(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    lines = [
        {"cause": cause, "seed": seed, "face": face, "method": method, "mass": rng.random() * best, "area": 0.1}
        | {"pointed": float(rng.integers(2)), "accuracy": 1.0}
        for cause in CAUSES
        for seed in (0, 1)
        for face in (0, 1, 2)
        for method, best in (("gradcam", 0.3), ("occlusion:window=0.3", 1.0))
    ]
    frame, path = pd.DataFrame(lines), tmp_path / "map_truth.json"
    numbers(frame, "called so").write(path)
    found = read_truths(path)
    assert (found.command, found.networks, found.faces) == ("called so", 2 * len(CAUSES), 6 * len(CAUSES))
    assert found.of("gradcam", {}) == found.methods[1]
    assert found.of("occlusion", {"window": 0.3}) == found.methods[0]
    for one, line in zip(found.methods, table(frame).splitlines()[2:4], strict=True):
        told = f"{100 * one.mass:.0f} % ({100 * one.low:.0f} to {100 * one.high:.0f}) | {100 * one.pointed:.0f} % ("
        assert line.startswith(
            f"| {way_of(one.method, {'window': 0.3} if one.settings.get('window') else {})} | {told}"
        )


def test_what_is_added_lies_inside_the_picture() -> None:
    assert all(0 <= box.x0 < box.x1 <= SIDE and 0 <= box.y0 < box.y1 <= SIDE for box in ADDED.values())
