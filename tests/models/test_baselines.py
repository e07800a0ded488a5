from __future__ import annotations

import pytest
import torch

from fer_explain.models import architecture, create_model


@pytest.mark.parametrize(
    ("name", "count"), [("swin_tiny", 28_288_354), ("resnet50", 25_557_032), ("vgg19", 143_667_240)]
)
def test_with_imagenets_classes_they_have_timms_published_counts(name: str, count: int) -> None:
    with torch.device("meta"):
        model = create_model(name, num_classes=1000)
    assert sum(weight.numel() for weight in model.parameters()) == count


def test_the_swins_map_is_all_that_its_last_norm_and_head_see() -> None:
    torch.manual_seed(0)
    model, entry = create_model("swin_compact").eval(), architecture("swin_compact")
    maps: list[torch.Tensor] = []
    model.get_submodule(entry.cam_layer).register_forward_hook(lambda _m, _i, output: maps.append(output))
    with torch.no_grad():
        logits = model(torch.randn(2, 3, 48, 48))
        torch.testing.assert_close(logits, model.get_classifier()(model.norm(maps[0]).mean((1, 2))))


def test_the_compact_swins_stem_keeps_every_pixel() -> None:
    """Each pixel takes part in two neighbouring outputs or more: patches do not overlap, this stem does."""
    model = create_model("swin_compact").eval()
    stem = model.patch_embed.proj
    strides = [layer.stride[0] for layer in stem if isinstance(layer, torch.nn.Conv2d)]
    assert strides == [1, 2, 1, 2, 1]
    x = torch.randn(1, 3, 48, 48, requires_grad=True)
    stem(x)[0, :, 5, 5].sum().backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert (rows.min(), rows.max()) == (14, 26)  # 13 px, where a patch would have 20..23


def test_the_compact_swins_windows_are_shifted_in_every_other_block() -> None:
    model = create_model("swin_compact")
    shifts = [[block.shift_size for block in stage.blocks] for stage in model.layers]
    assert shifts[0] == [(0, 0), (3, 3)]
    assert {block.window_size for block in model.layers[0].blocks} == {(6, 6)}
