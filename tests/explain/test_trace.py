from __future__ import annotations

import pytest
import torch
from tiny_networks import TinyNet, count_hooks, set_theta
from torch import Tensor, nn

from fer_explain.explain.trace import trace
from fer_explain.models.layers.stn import warp

THETA = [[0.8, -0.2, 0.1], [0.2, 0.8, -0.05]]


def test_theta_and_the_aligned_input_are_read(tiny: TinyNet, faces: Tensor) -> None:
    set_theta(tiny, THETA)
    with trace(tiny) as seen:
        tiny(faces)
    assert seen.stn == "stn"
    assert seen.theta is not None
    assert seen.warped is not None
    torch.testing.assert_close(seen.theta, torch.tensor(THETA).expand(3, 2, 3))
    torch.testing.assert_close(seen.warped, warp(faces, torch.tensor(THETA).expand(3, 2, 3)))


def test_every_gate_is_read_with_its_kind_and_shape(tiny: TinyNet, faces: Tensor) -> None:
    with trace(tiny) as seen:
        tiny(faces)
    kinds = {path: gate.kind for path, gate in seen.channel_gates.items()}
    assert kinds == {"se": "se", "eca": "eca", "cbam.channel": "cbam"}
    assert {gate.values.shape for gate in seen.channel_gates.values()} == {(3, 8)}
    assert [(gate.layer, gate.kind) for gate in seen.spatial_gates.values()] == [("cbam.spatial", "cbam")]
    assert seen.spatial_gates["cbam.spatial"].values.shape == (3, 8, 8)


def test_gate_weights_are_what_the_layer_multiplied_by(tiny: TinyNet, faces: Tensor) -> None:
    ran: list[tuple[Tensor, Tensor]] = []
    tiny.se.register_forward_hook(lambda _m, inputs, output: ran.append((inputs[0], output)))
    with trace(tiny) as seen:
        tiny(faces)
    before, after = ran[0]
    torch.testing.assert_close(before * seen.channel_gates["se"].values[:, :, None, None], after)


def test_a_network_without_transformer_and_gates_leaves_the_trace_empty(faces: Tensor) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten())
    with trace(model) as seen:
        model(faces)
    assert (seen.stn, seen.theta, seen.warped) == (None, None, None)
    assert not seen.channel_gates
    assert not seen.spatial_gates


def test_a_later_pass_replaces_an_earlier_one(tiny: TinyNet, faces: Tensor) -> None:
    with trace(tiny) as seen:
        tiny(faces)
        tiny(faces[:1])
    assert seen.theta is not None
    assert len(seen.theta) == len(seen.channel_gates["eca"].values) == 1


@pytest.mark.parametrize("keep_graph", [False, True])
def test_tensors_are_detached_unless_the_graph_is_kept(tiny: TinyNet, faces: Tensor, keep_graph: bool) -> None:
    with trace(tiny, keep_graph=keep_graph) as seen:
        tiny(faces)
    assert seen.theta is not None
    assert seen.theta.requires_grad is keep_graph
    assert seen.channel_gates["se"].values.requires_grad is keep_graph


def test_a_loss_on_a_kept_theta_reaches_the_localisation_network(tiny: TinyNet, faces: Tensor) -> None:
    with trace(tiny, keep_graph=True) as seen:
        tiny(faces)
    assert seen.theta is not None
    seen.theta.square().sum().backward()
    assert tiny.get_parameter("stn.theta.0.bias").grad is not None


def test_hooks_are_gone_afterwards_also_after_an_exception(tiny: TinyNet, faces: Tensor) -> None:
    with trace(tiny):
        assert count_hooks(tiny) > 0
        tiny(faces)
    assert count_hooks(tiny) == 0
    with pytest.raises(RuntimeError, match="channels"), trace(tiny):
        tiny(faces[:, :2])
    assert count_hooks(tiny) == 0


def test_maps_behind_the_transformer_lie_in_the_warped_frame(tiny: TinyNet, faces: Tensor) -> None:
    with trace(tiny) as seen:
        tiny(faces)
    assert seen.frame("features") == "warped"
    assert seen.frame("stn.localization") == "crop"
    with trace(TinyNet(stn=False)) as seen:
        pass
    assert seen.frame("features") == "crop"
