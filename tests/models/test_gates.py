"""Gates against their formulas."""

from __future__ import annotations

import pytest
import timm
import torch
import torch.nn.functional as F

from fer_explain.models.layers.gates import GATE_NAMES, find_gates, make_gate


@pytest.mark.parametrize("kind", GATE_NAMES)
def test_identity_start_passes_nearly_everything_and_plain_start_halves(kind: str) -> None:
    x = torch.rand(4, 64, 6, 6)
    torch.manual_seed(0)
    kept = make_gate(kind, 64).eval()(x).sum() / x.sum()
    halved = make_gate(kind, 64, init="plain").eval()(x).sum() / x.sum()
    assert kept > 0.85
    assert halved < 0.7


def test_se_is_its_formula() -> None:
    se, x = make_gate("se", 32), torch.randn(2, 32, 5, 5)
    squeezed = x.mean((2, 3))
    w1, b1, w2, b2 = se.fc1.weight[:, :, 0, 0], se.fc1.bias, se.fc2.weight[:, :, 0, 0], se.fc2.bias
    weights = torch.sigmoid(F.linear(F.relu(F.linear(squeezed, w1, b1)), w2, b2))
    torch.testing.assert_close(se(x), x * weights[:, :, None, None])
    assert w1.shape[0] == 2  # C / 16


@pytest.mark.parametrize(("channels", "kernel"), [(64, 3), (128, 5), (256, 5), (512, 5), (1024, 5)])
def test_eca_kernel_sizes(channels: int, kernel: int) -> None:
    assert make_gate("eca", channels).conv.kernel_size == (kernel,)
    assert make_gate("eca", channels, init="plain").conv.bias is None


def test_eca_is_its_formula() -> None:
    eca, x = make_gate("eca", 64), torch.randn(2, 64, 4, 4)
    weights = torch.sigmoid(F.conv1d(x.mean((2, 3))[:, None], eca.conv.weight, eca.conv.bias, padding=1))
    torch.testing.assert_close(eca(x), x * weights[:, 0, :, None, None])


def test_cbam_is_its_formula() -> None:
    cbam, x = make_gate("cbam", 32).eval(), torch.randn(2, 32, 9, 9)

    def mlp(v: torch.Tensor) -> torch.Tensor:
        return cbam.channel.fc2(F.relu(cbam.channel.fc1(v)))

    channel = torch.sigmoid(mlp(x.mean((2, 3), keepdim=True)) + mlp(x.amax((2, 3), keepdim=True)))
    y = x * channel
    pooled = torch.cat([y.mean(1, keepdim=True), y.amax(1, keepdim=True)], 1)
    torch.testing.assert_close(cbam(x), y * torch.sigmoid(cbam.spatial.conv(pooled)))


def test_gates_of_timm_models_are_found() -> None:
    assert {kind for kind, _ in find_gates(timm.create_model("efficientnet_b0")).values()} == {"se"}
    assert {kind for kind, _ in find_gates(timm.create_model("ecaresnet26t")).values()} == {"eca"}
    assert find_gates(timm.create_model("resnet18")) == {}


def test_hooks_on_the_found_gates_read_the_weights() -> None:
    layer, seen = make_gate("cbam", 16), {}
    for path, (kind, gate) in find_gates(torch.nn.Sequential(layer)).items():
        gate.register_forward_hook(lambda _m, _i, output, key=(path, kind): seen.update({key: output}))
    layer(torch.randn(3, 16, 5, 5))
    shapes = {kind: tuple(value.shape) for (_, kind), value in seen.items()}
    assert shapes == {"cbam": (3, 16, 1, 1), "cbam_spatial": (3, 1, 5, 5)}
    assert all(value.min() >= 0 and value.max() <= 1 for value in seen.values())


def test_an_unknown_gate_is_refused() -> None:
    with pytest.raises(ValueError, match="se, eca, cbam"):
        make_gate("foo", 8)
