"""The U-Net mask: its shape, its parts, and how it is found and shown."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fer_explain.explain.trace import trace
from fer_explain.models.layers.gates import find_gates
from fer_explain.models.layers.unet import UNetMask


@pytest.mark.parametrize("side", [1, 2, 5, 7, 8])
@pytest.mark.parametrize("depth", [1, 3])
def test_every_side_comes_back(side: int, depth: int) -> None:
    x = torch.randn(2, 4, side, side + 1)
    assert UNetMask(4, depth).eval()(x).shape == x.shape


def test_the_softmax_runs_over_channels_and_the_sigmoid_over_none() -> None:
    x = torch.randn(2, 8, 7, 7)
    mask = UNetMask(8, 2).eval()(x)
    torch.testing.assert_close(mask.sum(1), torch.ones(2, 7, 7))
    assert not torch.allclose(UNetMask(8, 2, "sigmoid").eval()(x).sum(1), torch.ones(2, 7, 7))


def test_widths_double_to_the_bottom_and_eca_follows_every_encoder_level() -> None:
    mask = UNetMask(4, 3)
    assert [level[0][0].out_channels for level in mask.encoder] == [4, 8, 16, 32]
    assert [up.out_channels for up in mask.up] == [16, 8, 4]
    assert {path for path, (kind, _) in find_gates(mask).items() if kind == "eca"} == {
        f"encoder.{i}.1" for i in range(4)
    }


def test_the_skip_connections_keep_places_where_they_are() -> None:
    """A change of one input pixel changes a small depth-1 mask around that pixel only."""
    torch.manual_seed(0)
    mask = UNetMask(4, 1).eval()
    for level in mask.encoder:
        level[1] = nn.Identity()  # ECA alone looks at all places
    x = torch.randn(1, 4, 31, 31)
    moved = x.clone()
    moved[..., 4, 20] += 1
    with torch.no_grad():
        rows, columns = (mask(x) - mask(moved)).abs().amax((0, 1)).gt(1e-7).nonzero(as_tuple=True)
    assert len(rows) > 0
    assert (rows - 4).abs().max() <= 12
    assert (columns - 20).abs().max() <= 12


def test_a_mask_is_shown_as_its_largest_weight_at_each_place() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), UNetMask(4, 1)).eval()
    with trace(model) as seen:
        mask = model(torch.randn(3, 3, 9, 9))
    (gate,) = seen.spatial_gates.values()
    assert (gate.layer, gate.kind) == ("1", "unet")
    torch.testing.assert_close(gate.values, mask.detach().max(1).values)
    assert float(gate.values.std()) > 0


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        UNetMask(4, 0)
    with pytest.raises(ValueError, match="softmax or sigmoid"):
        UNetMask(4, 1, "relu")  # type: ignore[arg-type]
