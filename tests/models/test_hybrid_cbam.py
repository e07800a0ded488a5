from __future__ import annotations

import torch
from torch import nn

from fer_explain.explain.trace import trace
from fer_explain.models import create_model


def test_the_head_sees_the_means_of_all_three_branches() -> None:
    torch.manual_seed(0)
    model = create_model("hybrid_cbam_compact").eval()
    x = torch.randn(2, 3, 48, 48)
    with torch.no_grad():
        vectors = [net.forward_features(x).mean((2, 3)) for net in model.backbones] + [model.cnn(x).mean((2, 3))]
        torch.testing.assert_close(model(x), model.head(torch.cat(vectors, 1)))
    assert [vector.shape[1] for vector in vectors] == [128, 1280, 128]


def test_every_block_ends_in_a_channel_and_a_spatial_gate() -> None:
    model = create_model("hybrid_cbam_compact").eval()
    with trace(model) as seen, torch.no_grad():
        model(torch.randn(1, 3, 48, 48))
    assert list(seen.channel_gates) == [f"cnn.{i}.cbam.channel" for i in range(4)]
    assert [gate.values.shape[-1] for gate in seen.spatial_gates.values()] == [24, 12, 6, 3]


def test_the_full_network_has_the_papers_parts() -> None:
    with torch.device("meta"):
        model = create_model("hybrid_cbam")
    assert round(sum(weight.numel() for weight in model.parameters()) / 1e6, 1) == 28.7
    assert model.head[0][0].in_features == 2048 + 1280 + 256


def test_the_switches_of_the_ablation_() -> None:
    model = create_model("hybrid_cbam_compact", batch_norm=False, dropout=0.0)
    assert not any(isinstance(module, nn.BatchNorm1d) for module in model.modules())
    assert {module.p for module in model.head.modules() if isinstance(module, nn.Dropout)} == {0.0}
