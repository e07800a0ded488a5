from __future__ import annotations

import gc
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiny_networks import SIZE, TinyNet, set_theta, tiny_architecture
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.explain.registry import explain, explainer, list_methods

TINY = tiny_architecture()


def textbook_gradcam(model: TinyNet, x: Tensor, target: int) -> Tensor:
    """Equations 1 and 2 of the paper by hand: (N, 8, 8)."""
    maps: list[Tensor] = []
    handle = model.features.register_forward_hook(lambda _m, _i, output: maps.append(output) or output.clone())
    logits = model(x)
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[:, target].sum(), maps[0])
    return (gradient.mean((2, 3), keepdim=True) * maps[0]).sum(1).relu().detach()


@pytest.mark.parametrize("target", [0, 3, 6])
def test_values_times_scale_is_the_textbook_map(tiny: TinyNet, faces: Tensor, target: int) -> None:
    raw = textbook_gradcam(tiny, faces, target)
    expected = F.interpolate(raw[:, None], (SIZE, SIZE), mode="bilinear", align_corners=False)[:, 0].numpy()
    told = explain(tiny, TINY, faces, target)
    assert any(heatmap.scale > 0 for heatmap in told.heatmaps)
    for heatmap, one in zip(told.heatmaps, expected, strict=True):
        np.testing.assert_allclose(heatmap.values * heatmap.scale, one, atol=1e-5 * one.max())
        assert heatmap.values.max() == pytest.approx(1 if one.any() else 0)
        assert (heatmap.target, heatmap.method, heatmap.layer) == (target, "gradcam", "features")


def test_one_forward_and_one_backward_give_everything(tiny: TinyNet, faces: Tensor) -> None:
    forwards: list[int] = []
    tiny.register_forward_hook(lambda _m, inputs, _o: forwards.append(len(inputs[0])))
    with (
        patch.object(torch.autograd, "backward", wraps=torch.autograd.backward) as backward,
        patch.object(torch.autograd, "grad", wraps=torch.autograd.grad) as grad,
    ):
        told = explain(tiny, TINY, faces)
    assert forwards == [3]
    assert (backward.call_count, grad.call_count) == (1, 0)
    assert told.logits.shape == (3, 7)
    assert told.trace.theta is not None
    assert told.trace.channel_gates.keys() == {"se", "eca", "cbam.channel"}
    assert len(told.heatmaps) == 3


def test_nothing_in_front_of_the_layer_is_differentiated(tiny: TinyNet, faces: Tensor) -> None:
    graphs: list[bool] = []
    tiny.stem.register_forward_hook(lambda _m, _i, output: graphs.append(output.requires_grad))
    explain(tiny, TINY, faces)
    assert graphs == [False]


def test_logits_are_those_of_a_plain_pass_and_no_target_means_the_predicted_class(tiny: TinyNet, faces: Tensor) -> None:
    told = explain(tiny, TINY, faces)
    with torch.no_grad():
        torch.testing.assert_close(told.logits, tiny(faces))
    assert not told.logits.requires_grad
    assert [heatmap.target for heatmap in told.heatmaps] == told.logits.argmax(1).tolist()


def test_a_batch_gives_each_face_what_it_gets_alone(tiny: TinyNet, faces: Tensor) -> None:
    for index, (face, target) in enumerate(zip(faces, [1, 2, 5], strict=True)):
        together = explain(tiny, TINY, faces, [1, 2, 5]).heatmaps[index]
        alone = explain(tiny, TINY, face[None], target).heatmaps[0]
        np.testing.assert_allclose(together.values, alone.values, atol=1e-5)
        assert together.scale == pytest.approx(alone.scale, rel=1e-4)


def test_the_raw_scale_follows_the_logits(tiny: TinyNet, faces: Tensor) -> None:
    before = explain(tiny, TINY, faces[:1]).heatmaps[0]
    with torch.no_grad():
        tiny.fc.weight *= 3
    after = explain(tiny, TINY, faces[:1], before.target).heatmaps[0]
    assert after.scale == pytest.approx(3 * before.scale, rel=1e-4)
    np.testing.assert_allclose(after.values, before.values, atol=1e-5)


def test_a_map_without_any_support_is_zero_and_not_nan(tiny: TinyNet, faces: Tensor) -> None:
    with torch.no_grad():
        tiny.fc.weight[2] = 0
    heatmap = explain(tiny, TINY, faces[:1], 2).heatmaps[0]
    assert heatmap.scale == 0
    assert not heatmap.values.any()


def test_a_layer_behind_that_works_in_place_does_not_change_the_map(tiny: TinyNet, faces: Tensor) -> None:
    in_place = explain(tiny, TINY, faces, 4)
    tiny.act = nn.ReLU(inplace=False)
    for one, other in zip(in_place.heatmaps, explain(tiny, TINY, faces, 4).heatmaps, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


class Rearranged(TinyNet):
    """Shows its map as (N, H, W, C), or as tokens (N, 1 + L, C) behind a class token, like a transformer."""

    def __init__(self, tokens: bool) -> None:
        super().__init__()
        self.tokens = tokens
        self.rearranged = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(self.cbam(self.eca(self.se(self.stem(self.stn(x))))))
        if self.tokens:
            tokens = x.flatten(2).transpose(1, 2)
            tokens = self.rearranged(torch.cat([torch.full_like(tokens[:, :1], 9), tokens], dim=1))
            x = tokens[:, 1:].transpose(1, 2).unflatten(2, (8, 8))
        else:
            x = self.rearranged(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        logits: Tensor = self.fc(self.act(x.clone()).mean((2, 3)))
        return logits


@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("method", list_methods())
def test_transformer_maps_are_turned_the_right_way(faces: Tensor, method: str, tokens: bool) -> None:
    torch.manual_seed(0)
    model = Rearranged(tokens).eval()
    expected = explain(model, TINY, faces, 1, method)
    got = explain(model, tiny_architecture("rearranged", cam_nhwc=not tokens), faces, 1, method)
    for one, other in zip(expected.heatmaps, got.heatmaps, strict=True):
        np.testing.assert_allclose(one.values, other.values, atol=1e-4)
        assert one.scale > 0 or method == "gradcam"


def test_a_chosen_layer_is_read_in_its_own_frame(tiny: TinyNet, faces: Tensor) -> None:
    set_theta(tiny, [[0.7, 0.0, 0.2], [0.0, 0.7, 0.0]])
    with torch.no_grad():
        tiny.get_parameter("stn.theta.0.weight").normal_(std=0.02)  # so that the logits depend on the localisation
    assert explain(tiny, TINY, faces, layer="stem.0").heatmaps[0].layer == "stem.0"
    assert explain(tiny, TINY, faces, layer="stem.0").heatmaps[0].frame == "warped"
    assert explain(tiny, TINY, faces, layer="stn.localization.3").heatmaps[0].frame == "crop"


def test_a_layer_that_is_not_there_or_has_no_map_is_refused(tiny: TinyNet, faces: Tensor) -> None:
    with pytest.raises(FerError, match=r"no layer 'stage9'.*stn, stem, se"):
        explain(tiny, TINY, faces, layer="stage9")
    with pytest.raises(FerError, match=r"'fc' puts out no feature maps.*\(3, 7\)"):
        explain(tiny, TINY, faces, layer="fc")


@pytest.mark.parametrize("targets", [[1, 2], -1, [0, 1, -2]])
def test_targets_that_do_not_fit_the_batch_are_refused(tiny: TinyNet, faces: Tensor, targets: Any) -> None:
    with pytest.raises(ValueError, match="one class index of 0 or more for each of 3 faces"):
        explain(tiny, TINY, faces, targets)


def test_eigencam_turns_its_component_towards_what_stands_out(tiny: TinyNet, faces: Tensor) -> None:
    dot = torch.zeros(1, 3, SIZE, SIZE)
    dot[..., 6:10, 22:26] = 3
    heatmap = explain(TinyNet(stn=False).eval(), TINY, dot, method="eigencam").heatmaps[0]
    row, column = np.unravel_index(heatmap.values.argmax(), heatmap.values.shape)
    assert abs(int(row) - 8) <= 4
    assert abs(int(column) - 24) <= 4
    flipped = explainer("eigencam")._rectify(-np.array([[[0.0, 1.0], [0.2, 0.1]]], dtype=np.float32))  # type: ignore[attr-defined]
    assert flipped.max() == 1


def test_repeated_calls_leave_no_tensor_behind(tiny: TinyNet, faces: Tensor) -> None:
    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(thing), Tensor) for thing in gc.get_objects())

    for method in list_methods():
        explain(tiny, TINY, faces, method=method)
    before = tensors()
    gc.disable()
    try:
        for method in list_methods() * 3:
            explain(tiny, TINY, faces, method=method)
        without_collector = sum(issubclass(type(thing), Tensor) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert tensors() <= before
    assert without_collector <= before, "tensors were freed only by the garbage collector, so memory would swing"
