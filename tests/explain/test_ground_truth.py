"""Drawn faces whose expression one known region decides: do explanations point at it, and does a receipt notice?"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from drawn_truth import CHOICES, SIZE, Truth, inputs, train
from tiny_networks import set_theta

from fer_explain.explain.base import Attribution, Explainer
from fer_explain.explain.faithfulness import examine
from fer_explain.explain.faithfulness.baselines import Doubles
from fer_explain.explain.faithfulness.probe import on_crop, theta_of
from fer_explain.explain.gradcam import GradCam
from fer_explain.explain.registry import explainer, list_methods
from fer_explain.faces.drawn import draw_face
from fer_explain.types import Heatmap, Pose

FACES = 6
# It looks for whole regions by the landmarks of a detector; its canonical layout is not that of a drawn face.
LOCALISING = [name for name in list_methods() if name != "region_ablation"]


@pytest.fixture(scope="session", params=sorted(CHOICES))
def truth(request: pytest.FixtureRequest) -> Truth:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(request.param)
    finally:
        torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def mouth() -> Truth:
    return train("mouth")


def relevance(truth: Truth, method: Explainer, x: torch.Tensor, target: int) -> Doubles:
    """What speaks for the class, over the crop."""
    told = method.attribute(truth.model, truth.architecture, x, target)
    return np.maximum(on_crop(told.heatmaps[0], theta_of(told), SIZE), 0)


@dataclass(frozen=True)
class Broken(GradCam):
    """Grad-CAM whose map is spoiled before anyone sees it."""

    def _attribute(self, *args: Any, **kwargs: Any) -> Attribution:
        told = super()._attribute(*args, **kwargs)
        return replace(told, heatmaps=[self.spoil(heatmap) for heatmap in told.heatmaps])

    @abstractmethod
    def spoil(self, heatmap: Heatmap) -> Heatmap: ...


@dataclass(frozen=True)
class Shuffled(Broken):
    def spoil(self, heatmap: Heatmap) -> Heatmap:
        values = np.random.default_rng(0).permutation(heatmap.values.ravel())
        return replace(heatmap, values=values.reshape(heatmap.values.shape))


@dataclass(frozen=True)
class WrongFrame(Broken):
    """Forgets that the map lies behind the spatial transformer."""

    def spoil(self, heatmap: Heatmap) -> Heatmap:
        return replace(heatmap, frame="crop")


def test_the_network_has_learned_the_region_and_only_that(truth: Truth) -> None:
    assert truth.accuracy > 0.9


@pytest.mark.parametrize("name", LOCALISING)
def test_every_method_points_at_the_region_that_decides(truth: Truth, name: str) -> None:
    method, shares, areas, hits = explainer(name), [], [], []
    for face, label in zip(truth.faces[:FACES], truth.labels, strict=False):
        own, inside = relevance(truth, method, inputs([face]), label), truth.inside(face)
        shares.append(own[inside].sum() / own.sum())
        areas.append(inside.mean())
        hits.append(inside.ravel()[own.argmax()])
    assert np.mean(areas) < 0.15
    assert np.mean(shares) > 1.5 * np.mean(areas), "no more relevance in the region than anywhere else"
    chance = np.mean(areas)
    assert np.mean(hits) > 3 * chance, "the pointing game (Zhang et al. 2016) is won by chance alone"


@pytest.mark.parametrize("rotation", [-90.0, 75.0])
def test_a_map_follows_a_rotated_face_that_the_spatial_transformer_rights(mouth: Truth, rotation: float) -> None:
    shares = {"right": [], "wrong": []}
    for seed in range(20_000, 20_000 + FACES):
        face = draw_face("neutral", size=SIZE, seed=seed, rotation=rotation, mouth="surprise")
        set_theta(mouth.model, Pose(rotation=rotation).theta.tolist())
        inside = mouth.inside(face)
        for name, method in (("right", GradCam()), ("wrong", WrongFrame())):
            own = relevance(mouth, method, inputs([face]), 1)
            shares[name].append(own[inside].sum() / own.sum())
    set_theta(mouth.model, Pose().theta.tolist())
    assert np.mean(shares["right"]) > 1.5 * np.mean(shares["wrong"])


def receipts(truth: Truth, method: Explainer, rotation: float = 0.0) -> list[Any]:
    """Receipts for faces turned by ``rotation``, which the spatial transformer rights."""
    set_theta(truth.model, Pose(rotation=rotation).theta.tolist())
    try:
        found = []
        for seed in range(20_000, 20_000 + FACES):
            face = draw_face("neutral", size=SIZE, seed=seed, rotation=rotation, mouth="surprise", brows="sad")
            found.append(examine(truth.model, truth.architecture, inputs([face]), method, 1))
        return found
    finally:
        set_theta(truth.model, Pose().theta.tolist())


def test_right_maps_pass_and_shuffled_ones_get_the_red_mark(mouth: Truth) -> None:
    right, shuffled = receipts(mouth, explainer("integrated_gradients")), receipts(mouth, Shuffled())
    assert sum(receipt.ok for receipt in right) >= FACES - 1
    assert not any(receipt.ok for receipt in shuffled)
    failed = {check.name for receipt in shuffled for check in receipt.failed}
    assert {"curves", "road"} <= failed


def test_a_map_in_the_wrong_frame_gets_the_red_mark(mouth: Truth) -> None:
    right, wrong = receipts(mouth, GradCam(), rotation=90), receipts(mouth, WrongFrame(), rotation=90)
    decisive = {"road", "infidelity"}
    assert all(decisive <= {check.name for check in receipt.failed} for receipt in wrong)
    # This network's Grad-CAM is coarse, so that even a right map fails one of the two on some faces.
    held = [not decisive & {check.name for check in receipt.failed} for receipt in right]
    assert sum(held) >= FACES // 2


def test_a_turned_face_alone_is_no_reason_for_a_red_mark(mouth: Truth) -> None:
    fine = receipts(mouth, explainer("integrated_gradients"), rotation=90)
    assert sum(receipt.ok for receipt in fine) >= FACES - 1
