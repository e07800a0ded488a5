"""Interventions, on a network whose geometry and gates are known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tiny_networks import SIZE, TinyNet, count_hooks, set_theta, tiny_architecture
from torch import Tensor, nn

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.explain.features import gated_maps
from fer_explain.explain.intervene import GateChange, intervention, override_gate, override_theta, predict_with
from fer_explain.explain.trace import trace
from fer_explain.faces.preprocess import preprocess
from fer_explain.models import create_model
from fer_explain.models.layers.stn import warp
from fer_explain.types import Box, Face, InputSpec, Pose, Warp

GATES = ["se", "eca", "cbam.channel"]
PHOTO = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
FACE = Face(PHOTO, Box(0, 0, SIZE, SIZE), np.array([[SIZE / 2, 0, SIZE / 2], [0, SIZE / 2, SIZE / 2]], np.float32))
NOTHING = np.zeros((0, 0, 3), np.uint8)


def lender(model: nn.Module) -> Any:
    """Lends a network under a lock, as the analyzer does."""
    lock = threading.RLock()
    config = SimpleNamespace(input=InputSpec(SIZE), label_names=LABELS, temperature=1.0)
    checkpoint = SimpleNamespace(model=model, config=config)

    @contextmanager
    def lend() -> Iterator[tuple[Any, Any]]:
        with lock:
            yield checkpoint, tiny_architecture()

    return lend


@torch.no_grad()
def run(model: nn.Module, x: Tensor) -> Tensor:
    logits: Tensor = model(x)
    return logits


@pytest.mark.parametrize("rotation", [-170.0, -20.0, 0.0, 45.0])
@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 1.3), (0.8, -0.7)])
@pytest.mark.parametrize("shear", [-40.0, 0.0, 25.0])
def test_theta_and_its_readings_are_two_ways_to_say_the_same(rotation, scale, shear):
    pose = Pose(rotation, scale, shear if scale[1] > 0 else shear + 180 if shear <= 0 else shear - 180, (0.25, -0.1))
    read = Warp(pose.theta, NOTHING).pose
    np.testing.assert_allclose(read.theta, pose.theta, atol=1e-6)
    assert read.rotation == pytest.approx(rotation, abs=1e-3)
    assert read.scale == pytest.approx(scale, abs=1e-5)
    assert read.shear == pytest.approx(pose.shear, abs=1e-3) or abs(abs(read.shear) - 180) < 1e-3
    assert read.shift == pytest.approx((0.25, -0.1))


def test_any_theta_comes_back_from_its_readings():
    for theta in np.random.default_rng(0).normal(size=(50, 2, 3)).astype(np.float32):
        np.testing.assert_allclose(Warp(theta, NOTHING).pose.theta, theta, atol=1e-4)


def test_the_identity_is_the_network_without_its_spatial_transformer(tiny, faces):
    set_theta(tiny, [[0.7, 0.2, 0.1], [-0.1, 0.8, 0]])
    with override_theta(tiny, Pose().theta):
        changed = run(tiny, faces)
    tiny.stn = nn.Identity()
    torch.testing.assert_close(changed, run(tiny, faces), atol=1e-5, rtol=1e-4)


def test_a_known_turn_gives_the_known_image(tiny, faces):
    with override_theta(tiny, Pose(rotation=90).theta), trace(tiny) as seen:
        run(tiny, faces)
    # The window's x axis points down: output row i, column j samples crop row j, column SIZE - 1 - i.
    torch.testing.assert_close(seen.warped, faces.flip(3).transpose(2, 3), atol=1e-4, rtol=1e-4)


def test_each_face_of_a_batch_can_have_its_own_window(tiny, faces):
    thetas = np.stack([Pose(rotation=turn).theta for turn in (0, 30, -50)])
    with override_theta(tiny, thetas), trace(tiny) as seen:
        together = run(tiny, faces)
    torch.testing.assert_close(seen.warped, warp(faces, torch.from_numpy(thetas)))
    for i, theta in enumerate(thetas):
        with override_theta(tiny, theta):
            torch.testing.assert_close(run(tiny, faces[i : i + 1]), together[i : i + 1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layer", GATES)
def test_a_channel_knocked_out_is_a_channel_zeroed_by_hand(tiny, faces, layer):
    change = GateChange.knock_out(layer, [2, 5], 8)
    with intervention(tiny, gates=[change]), trace(tiny) as seen:
        changed = run(tiny, faces)
    assert (seen.channel_gates[layer].values[:, [2, 5]] == 0).all()

    def zero(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        output = output.clone()
        output[:, [2, 5]] = 0
        return output

    handle = tiny.get_submodule(layer).register_forward_hook(zero)
    by_hand = run(tiny, faces)
    handle.remove()
    torch.testing.assert_close(changed, by_hand)
    assert not torch.allclose(changed, run(tiny, faces))


@pytest.mark.parametrize("layer", GATES)
def test_frozen_channels_have_the_mean_and_boosted_ones_a_multiple(tiny, faces, layer):
    with trace(tiny) as own:
        run(tiny, faces)
    weights = own.channel_gates[layer].values
    means = np.linspace(0.1, 0.8, 8, dtype=np.float32)
    changes = [GateChange.freeze(layer, [0, 3], means), GateChange.boost(layer, [1, 3], 8, 3.0)]
    with intervention(tiny, gates=changes), trace(tiny) as seen:
        run(tiny, faces)
    expected = weights.clone()
    expected[:, 0], expected[:, 1], expected[:, 3] = means[0].item(), 3 * weights[:, 1], 3 * means[3].item()
    torch.testing.assert_close(seen.channel_gates[layer].values, expected)


def test_a_row_of_factors_for_each_face(tiny, faces):
    factors = torch.rand(3, 8)
    with override_gate(tiny, "se", factors):
        together = run(tiny, faces)
    for i in range(3):
        with override_gate(tiny, "se", factors[i]):
            torch.testing.assert_close(run(tiny, faces[i : i + 1]), together[i : i + 1], atol=1e-5, rtol=1e-4)


def test_nothing_is_left_behind_even_after_an_exception(tiny, faces):
    before, hooks = run(tiny, faces), count_hooks(tiny)
    changes = [GateChange.boost("eca", [1], 8)]
    with intervention(tiny, Pose(rotation=40).theta, changes):
        assert count_hooks(tiny) == hooks + 2
    with pytest.raises(RuntimeError), intervention(tiny, Pose(rotation=40).theta, changes):
        run(tiny, faces[:, :1])  # one channel instead of three
    with pytest.raises(ValueError, match="expected values"), override_gate(tiny, "se", np.ones(7)):
        run(tiny, faces)
    with pytest.raises(FerError), intervention(tiny, Pose().theta, [GateChange.boost("nowhere", [1], 8)]):
        pass
    assert count_hooks(tiny) == hooks
    assert torch.equal(run(tiny, faces), before)


def test_what_cannot_be_changed_is_said_in_a_sentence(tiny):
    with pytest.raises(FerError, match="no spatial transformer"), override_theta(TinyNet(stn=False), Pose().theta):
        pass
    with pytest.raises(FerError, match="weighs places"), override_gate(tiny, "cbam.spatial", 0):
        pass
    with pytest.raises(FerError, match=r"no channel gate 'gone'; it has se, eca, cbam\.channel"):
        override_gate(tiny, "gone").__enter__()
    for wrong in (np.ones((3, 2)), np.full((2, 3), np.nan)):
        with pytest.raises(ValueError, match="finite theta"), override_theta(tiny, wrong):
            pass
    with pytest.raises(ValueError, match=r"channels must lie in 0\.\.7"):
        GateChange.knock_out("se", [8], 8)


def test_prediction_and_map_follow_the_window(tiny):
    lend = lender(tiny)
    own, turned = predict_with(lend, FACE), predict_with(lend, FACE, theta=Pose(rotation=60).theta)
    assert turned.warp.rotation == pytest.approx(60, abs=1e-3)
    assert turned.heatmap.frame == "warped"
    assert not np.allclose(own.prediction.logits, turned.prediction.logits)
    assert not np.allclose(own.heatmap.values * own.heatmap.scale, turned.heatmap.values * turned.heatmap.scale)
    with override_theta(tiny, Pose(rotation=60).theta):
        by_hand = run(tiny, preprocess(FACE, InputSpec(SIZE)))
    np.testing.assert_allclose(turned.prediction.logits, by_hand[0].numpy(), atol=1e-5)


def test_an_explanation_of_many_passes_is_changed_in_each(tiny):
    change = GateChange.knock_out("se", range(8), 8)
    told = predict_with(lender(tiny), FACE, gates=[change], method="occlusion", target=0)
    assert (told.gates[0].weights == 0).all()
    assert told.heatmap.scale == 0  # with every channel closed no part of the face matters


def test_two_people_never_meet_each_others_changes(tiny):
    lend = lender(tiny)
    turns = [0.0, 35.0, -80.0, 120.0]
    alone = [predict_with(lend, FACE, theta=Pose(rotation=turn).theta).prediction.logits for turn in turns]
    plain = predict_with(lend, FACE).prediction.logits
    wrong: list[float] = []

    def ask(turn: float | None, expected: np.ndarray) -> None:
        theta = None if turn is None else Pose(rotation=turn).theta
        told = [predict_with(lend, FACE, theta=theta).prediction.logits for _ in range(6)]
        wrong.extend(turn or 0 for logits in told if not np.allclose(logits, expected, atol=1e-5))

    threads = [
        threading.Thread(target=partial(ask, *each)) for each in [*zip(turns, alone, strict=True), (None, plain)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert count_hooks(tiny) == 0


@pytest.mark.parametrize("layer", GATES)
def test_feature_maps_are_what_the_gate_weighs(tiny, faces, layer):
    maps = gated_maps(tiny, faces[:1], layer)
    kept: list[Tensor] = []
    handle = tiny.get_submodule(layer).register_forward_hook(
        lambda _m, inputs, output: kept.extend((inputs[0], output))
    )
    with trace(tiny) as seen:
        run(tiny, faces[:1])
    handle.remove()
    assert maps.values.shape == (8, 8, 8)
    assert maps.frame == "warped"
    np.testing.assert_array_equal(maps.values, kept[0][0].numpy())
    weights = seen.channel_gates[layer].values[0][:, None, None]
    np.testing.assert_allclose(maps.values * weights.numpy(), kept[1][0].numpy(), atol=1e-6)


@pytest.mark.parametrize("name", ["emonext_nano", "stn_se_efficientnet_lite0"])
def test_the_networks_of_the_papers_have_places_to_intervene(name):
    model = create_model(name).eval()
    x = torch.randn(1, 3, 96, 96)
    with trace(model) as seen:
        before = run(model, x)
    for layer, gate in seen.channel_gates.items():
        with override_gate(model, layer, 0.0):
            assert not torch.allclose(run(model, x), before), layer
        assert gate.values.shape[0] == 1
