"""Layers with feature maps: which are offered, and that each can be explained the right way round."""

from __future__ import annotations

import pytest
import timm
import torch
from tiny_networks import TinyNet, tiny_architecture
from torch import nn

from fer_explain.errors import FerError
from fer_explain.explain.layers import feature_maps, list_layers
from fer_explain.explain.registry import explain
from fer_explain.models import Architecture, architecture, create_model, list_models
from fer_explain.types import InputSpec


@pytest.mark.parametrize("name", list_models(compact=True))
def test_every_offered_layer_can_be_explained(name: str) -> None:
    torch.manual_seed(0)
    model, entry = create_model(name).eval(), architecture(name)
    layers = list_layers(model, entry)
    assert entry.cam_layer in layers
    assert 4 <= len(layers) <= 40
    assert len(set(layers)) == len(layers)
    x = torch.randn(1, entry.input.channels, entry.input.size, entry.input.size)
    for layer in {layers[0], layers[len(layers) // 2], layers[-1]}:
        [heatmap] = explain(model, entry, x, 3, "hirescam", layer=layer).heatmaps
        assert heatmap.layer == layer
        assert heatmap.values.shape == (entry.input.size, entry.input.size)


def test_layers_come_in_the_order_in_which_they_run_without_transformer_and_insides(tiny: TinyNet) -> None:
    layers = list_layers(tiny, tiny_architecture())
    assert layers == ["stem", "se", "eca", "cbam", "features"]


def test_listing_leaves_no_hook(tiny: TinyNet) -> None:
    list_layers(tiny, tiny_architecture())
    assert not any(module._forward_hooks for module in tiny.modules())
    tiny.fc = nn.Identity()  # type: ignore[assignment]
    tiny.fc.register_forward_hook(lambda *_: torch.empty(0)[3])
    with pytest.raises(IndexError):
        list_layers(tiny, tiny_architecture())
    assert not tiny.features._forward_hooks


@pytest.mark.parametrize(
    ("shape", "nhwc", "maps"),
    [
        ((2, 5, 4, 4), False, (2, 5, 4, 4)),
        ((2, 5, 4, 4), True, (2, 5, 4, 4)),  # the sides tell, whatever the network's own layer is like
        ((2, 4, 4, 5), False, (2, 5, 4, 4)),
        ((2, 4, 4, 4), True, (2, 4, 4, 4)),
        ((2, 17, 5), False, (2, 5, 4, 4)),
        ((2, 18, 5), False, (2, 5, 4, 4)),  # a class and a distillation token
        ((2, 16, 5), False, (2, 5, 4, 4)),
    ],
)
def test_outputs_become_maps(shape: tuple[int, ...], nhwc: bool, maps: tuple[int, ...]) -> None:
    output = torch.arange(torch.Size(shape).numel()).reshape(shape).float()
    got = feature_maps(output, layer="some", nhwc=nhwc)
    assert got.shape == maps
    if len(shape) == 3:
        expected = output[:, -16:].transpose(1, 2).unflatten(2, (4, 4))
    else:
        expected = output.permute(0, 3, 1, 2) if shape[1] == shape[2] and (nhwc or shape[3] != shape[1]) else output
    torch.testing.assert_close(got, expected)
    assert got.data_ptr() != output.data_ptr()
    with pytest.raises(FerError, match=r"'fc' puts out no feature maps.*\(3, 7\)"):
        feature_maps(torch.zeros(3, 7), layer="fc", nhwc=False)


@pytest.mark.parametrize(
    ("name", "layer", "settings"),
    [
        ("vit_tiny_patch16_224", "blocks.1.norm1", {"depth": 2, "img_size": 64}),
        ("deit_tiny_distilled_patch16_224", "blocks.1.norm1", {"depth": 2, "img_size": 64}),
        ("swin_tiny_patch4_window7_224", "layers.1", {"depths": (1, 1), "num_heads": (2, 2), "img_size": 56}),
    ],
)
@pytest.mark.parametrize(
    "way", ["gradcam", "gradcam_plusplus", "hirescam", "layercam", "eigencam", "finer_cam", "score_cam"]
)
def test_maps_of_transformers_lie_where_the_face_is_bright(name: str, layer: str, settings: dict, way: str) -> None:
    """The feature maps of a bright corner differ from the rest there, and nowhere after a wrong reshape."""
    torch.manual_seed(0)
    size = settings["img_size"]
    model = timm.create_model(name, num_classes=7, **settings).eval()
    entry = Architecture(name=name, build=timm.create_model, input=InputSpec(size), cam_layer=layer, summary="")
    plain, corner = torch.zeros(1, 3, size, size), torch.zeros(1, 3, size, size)
    corner[..., : size // 4, -size // 4 :] = 4
    seen: list[torch.Tensor] = []
    model.get_submodule(layer).register_forward_hook(
        lambda _m, _i, output: seen.append(feature_maps(output, layer=layer, nhwc=False)) or None
    )
    with torch.no_grad():
        model(plain), model(corner)
    changed = (seen[1] - seen[0]).abs().sum(1)[0]
    side = changed.shape[-1]
    row, column = divmod(int(changed.argmax()), side)
    assert (row, column) in {(i, side - 1 - j) for i in range(side // 4 + 1) for j in range(side // 4 + 1)}
    [heatmap] = explain(model, entry, corner, 2, way).heatmaps
    assert heatmap.values.shape == (size, size)
