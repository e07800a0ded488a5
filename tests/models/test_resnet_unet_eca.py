from __future__ import annotations

import torch

from fer_explain.models import create_model
from fer_explain.models.layers.gates import find_gates


def test_the_full_network_is_as_large_as_the_papers_plan_makes_it() -> None:
    with torch.device("meta"):
        model = create_model("resnet34_unet_eca")
    assert round(sum(weight.numel() for weight in model.parameters()) / 1e6, 1) == 142.1
    assert [len(mask.up) for mask in model.masks] == [4, 3, 2, 1]
    assert {mask.encoder[-1][0][0].out_channels for mask in model.masks} == {1024}
    kernels = {mask.encoder[0][1].conv.kernel_size[0] for mask in list(model.masks)[1:]}
    assert model.masks[0].encoder[0][1].conv.kernel_size == (3,)
    assert kernels == {5}


def test_the_compact_ones_u_nets_become_shallower_as_the_papers_do() -> None:
    masks = create_model("resnet_unet_eca_compact").masks
    assert [len(mask.up) for mask in masks] == [2, 1, 1, 1]
    assert [mask.encoder[-1][0][0].out_channels for mask in masks] == [96, 96, 192, 192]


def test_a_block_puts_out_features_times_mask_plus_features() -> None:
    torch.manual_seed(0)
    model = create_model("resnet_unet_eca_compact").eval()
    seen: dict[str, torch.Tensor] = {}
    for name in ("backbone.layer4", "masks.3", "features"):
        model.get_submodule(name).register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out}))
    with torch.no_grad():
        logits = model(torch.randn(2, 3, 48, 48))
    features, mask = seen["backbone.layer4"], seen["masks.3"]
    torch.testing.assert_close(seen["features"], features * mask + features)
    torch.testing.assert_close(logits, model.backbone.fc(seen["features"].mean((2, 3))))


def test_the_activation_is_an_option_and_masks_are_found() -> None:
    model = create_model("resnet_unet_eca_compact", activation="sigmoid")
    masks = {path: gate for path, (kind, gate) in find_gates(model).items() if kind == "unet"}
    assert list(masks) == [f"masks.{i}" for i in range(4)]
    assert all(isinstance(gate, torch.nn.Sigmoid) for gate in masks.values())
