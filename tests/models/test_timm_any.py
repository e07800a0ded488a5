from __future__ import annotations

import pytest
import torch

from fer_explain.errors import FerError
from fer_explain.models import architecture, create_model


@pytest.mark.parametrize(
    ("name", "layer", "shape"),
    [
        ("timm:resnet18", "layer4", (512, 7, 7)),
        ("timm:convnext_atto", "stages.3", (320, 7, 7)),
        ("timm:swin_tiny_patch4_window7_224", "layers.3", (7, 7, 768)),
        ("timm:vit_tiny_patch16_224", "blocks.11.norm1", (197, 192)),
    ],
)
def test_the_cam_layer_puts_out_the_last_map(name: str, layer: str, shape: tuple[int, ...]) -> None:
    entry = architecture(name)
    assert entry.cam_layer == layer
    assert entry.cam_nhwc is ("swin" in name)
    shapes: list[tuple[int, ...]] = []
    with torch.device("meta"):
        model = create_model(name).eval()
        model.get_submodule(layer).register_forward_hook(lambda _m, _i, output: shapes.append(tuple(output.shape[1:])))
        assert model(torch.empty(1, 3, entry.input.size, entry.input.size)).shape == (1, 7)
    assert shapes == [shape]


def test_the_input_is_that_of_timms_weights() -> None:
    spec = architecture("timm:inception_v3.gluon_in1k").input
    assert (spec.size, spec.interpolation, spec.mean) == (299, "bicubic", (0.485, 0.456, 0.406))
    assert architecture("timm:tf_efficientnet_lite0").input.mean == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("name", ["timm:", "timm:nosuchnet", "timm:hf-hub:someone/model", "resnet18"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(FerError, match="no architecture"):
        architecture(name)


def test_timms_options_pass_through() -> None:
    assert create_model("timm:resnet18", num_classes=3, drop_rate=0.2).drop_rate == 0.2
