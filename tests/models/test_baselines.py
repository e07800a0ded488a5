from __future__ import annotations

import pytest
import torch

from fer_explain.models import architecture, create_model


@pytest.mark.parametrize(
    ("name", "millions"), [("swin_tiny", 27.5), ("resnet50", 23.5), ("swin_compact", 2.7), ("resnet_compact", 2.8)]
)
def test_parameters_are_what_the_docstring_says(name: str, millions: float) -> None:
    with torch.device("meta"):
        model = create_model(name)
    assert round(sum(weight.numel() for weight in model.parameters()) / 1e6, 1) == millions


@pytest.mark.parametrize("name", ["swin_compact", "resnet_compact"])
def test_the_logits_are_the_heads_of_the_mean_of_the_cam_layer(name: str) -> None:
    torch.manual_seed(0)
    model, entry = create_model(name).eval(), architecture(name)
    maps: list[torch.Tensor] = []
    model.get_submodule(entry.cam_layer).register_forward_hook(lambda _m, _i, output: maps.append(output))
    with torch.no_grad():
        logits = model(torch.randn(2, 3, 48, 48))
        pooled = maps[0].mean((1, 2) if entry.cam_nhwc else (2, 3))
        torch.testing.assert_close(logits, model.get_classifier()(pooled))


def test_maps_have_the_sides_the_docstring_says() -> None:
    model = create_model("swin_compact").eval()
    sides: list[int] = []
    for stage in model.layers:
        stage.register_forward_hook(lambda _m, _i, output: sides.append(output.shape[1]))
    model(torch.randn(1, 3, 48, 48))
    assert sides == [24, 12, 6, 3]
