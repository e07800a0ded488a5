"""What every registered network must keep, run over the registry itself."""

from __future__ import annotations

import io
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from fer_explain.models import architecture, create_model, list_models
from fer_explain.models.layers.gates import find_gates
from fer_explain.models.layers.stn import SpatialTransformer
from training.loss import attention_penalty

COMPACT = list_models(compact=True)
FAMILY = ["stn_eca_resnet18", "stn_cbam_mobilenetv3_small_050"]
SMALL = [*COMPACT, *FAMILY]


@cache
def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    return create_model(name).eval()


def images(name: str, n: int = 2) -> Tensor:
    spec = architecture(name).input
    return torch.randn(n, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", SMALL)
def test_forward_gives_logits_the_same_each_time_in_eval(name: str) -> None:
    with torch.no_grad():
        first, second = network(name)(images(name)), network(name)(images(name))
    assert first.shape == (2, 7)
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", SMALL)
def test_a_training_step_reaches_every_trainable_parameter(name: str) -> None:
    torch.manual_seed(0)
    model = create_model(name).train()
    with attention_penalty(model) as penalties:
        loss = model(images(name, 4)).square().mean()
    loss = loss + sum(penalties)
    loss.backward()
    for path, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, path
            assert parameter.grad.isfinite().all(), path


@pytest.mark.parametrize("name", SMALL)
def test_channels_last_gives_the_same_logits(name: str) -> None:
    x = images(name)
    with torch.no_grad():
        expected = network(name)(x)
        model = create_model(name).eval()
        model.load_state_dict(network(name).state_dict())
        actual = model.to(memory_format=torch.channels_last)(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(actual, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", COMPACT)
def test_bf16_autocast_gives_close_finite_logits(name: str) -> None:
    with torch.no_grad():
        expected = network(name)(images(name))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            actual = network(name)(images(name)).float()
    assert actual.isfinite().all()
    assert (actual.softmax(1) - expected.softmax(1)).abs().max() < 0.05


@pytest.mark.parametrize("name", COMPACT)
def test_state_dict_survives_a_round_trip_and_shares_no_storage(name: str) -> None:
    buffer = io.BytesIO()
    torch.save(network(name).state_dict(), buffer)
    buffer.seek(0)
    model = create_model(name).eval()
    model.load_state_dict(torch.load(buffer, weights_only=True))
    with torch.no_grad():
        assert torch.equal(model(images(name)), network(name)(images(name)))


@pytest.mark.parametrize("name", SMALL)
def test_the_cam_layer_puts_out_a_map_that_the_logits_depend_on(name: str) -> None:
    entry = architecture(name)
    maps: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        output.retain_grad()
        maps.append(output)

    handle = network(name).get_submodule(entry.cam_layer).register_forward_hook(keep)
    network(name)(images(name))[:, 0].sum().backward()
    handle.remove()
    network(name).zero_grad()
    (features,) = maps
    assert features.ndim == 4
    assert min(features.shape[1:3] if entry.cam_nhwc else features.shape[2:]) >= 2
    assert features.grad is not None
    assert features.grad.abs().sum() > 0


@pytest.mark.parametrize("name", SMALL)
def test_gates_and_stn_are_where_the_name_promises(name: str) -> None:
    model = network(name)
    kinds = {kind for kind, _ in find_gates(model).values()}
    promised = {"se"} if name.startswith("emonext") else set(name.split("_")) & {"se", "eca", "cbam", "unet"}
    assert promised <= kinds
    if not promised:
        assert not kinds
    has_stn = any(isinstance(module, SpatialTransformer) for module in model.modules())
    assert has_stn is name.startswith(("emonext", "stn"))


@pytest.mark.parametrize("name", COMPACT)
def test_compact_networks_stay_compact(name: str) -> None:
    assert sum(parameter.numel() for parameter in network(name).parameters()) <= 4_000_000
    assert 48 <= architecture(name).input.size <= 112


@pytest.mark.parametrize("name", COMPACT)
def test_torch_export_keeps_the_logits(name: str) -> None:
    x = images(name)
    program = torch.export.export(network(name), (x,))
    with torch.no_grad():
        torch.testing.assert_close(program.module()(x), network(name)(x), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in list_models(compact=False) if "large" not in name])
def test_full_size_networks_give_logits_of_the_right_shape(name: str) -> None:
    with torch.device("meta"):
        model = create_model(name).eval()
        spec = architecture(name).input
        assert model(torch.empty(2, spec.channels, spec.size, spec.size)).shape == (2, 7)
