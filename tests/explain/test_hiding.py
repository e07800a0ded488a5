"""What stands where a square of the face is hidden."""

from __future__ import annotations

import pytest
import torch
from tiny_networks import SIZE, TinyNet, tiny_architecture

from fer_explain.errors import FerError
from fer_explain.explain.hiding import fill_in
from fer_explain.explain.registry import explainer
from fer_explain.explain.squares import filled_squares, squares


def test_a_square_is_filled_in_from_its_own_border_and_the_border_stays() -> None:
    patch = torch.rand(2, 3, 9, 9)
    filled = fill_in(patch)
    for line in ((..., 0, slice(None)), (..., -1, slice(None)), (..., 0), (..., -1)):
        torch.testing.assert_close(filled[line], patch[line])
    spoiled = patch.clone()
    spoiled[..., 1:-1, 1:-1] = 7
    torch.testing.assert_close(fill_in(spoiled), filled)  # what was inside is gone
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(9.0), indexing="ij")
    slope = (1 + 2 * x - 3 * y + 0.5 * x * y).expand(1, 3, 9, 9)
    torch.testing.assert_close(fill_in(slope), slope)  # a shade that changes evenly is continued


def test_only_the_square_changes_and_in_the_order_of_the_masks() -> None:
    face = torch.rand(1, 3, SIZE, SIZE)
    masks = squares(0.25, 2.0, SIZE)
    images = filled_squares(face, 0.25, 2.0)
    assert images.shape == (len(masks), 3, SIZE, SIZE)
    changed = (images != face).any(1)
    assert not changed[~masks].any()
    assert changed.flatten(1).any(1).all()


def test_a_place_that_the_network_reads_is_lost_when_it_is_filled_in() -> None:
    """A network of one spot: its map points there, and nowhere outside the squares that hide it."""

    class Spot(TinyNet):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            bright = x[:, 0, 8:12, 20:24].mean((1, 2))
            return torch.stack([4 * bright, -4 * bright, *[0 * bright] * 5], dim=1)

    face = torch.zeros(1, 3, SIZE, SIZE)
    face[..., 8:12, 20:24] = 1
    way = explainer("scale_occlusion", small=0.25, large=0.25, reference="filled", density=4)
    [heatmap] = way.attribute(Spot(stn=False), tiny_architecture(), face, 0).heatmaps
    assert heatmap.values[8:12, 20:24].min() > 2 * heatmap.values.mean()
    assert not heatmap.values[20:, :12].any()


def test_both_ways_to_hide_give_the_mean_of_their_maps() -> None:
    torch.manual_seed(0)
    network, face = TinyNet(stn=False), torch.rand(1, 3, SIZE, SIZE)

    def raw(reference: str) -> torch.Tensor:
        way = explainer("scale_occlusion", small=0.3, large=0.3, reference=reference)
        [heatmap] = way.attribute(network, tiny_architecture(), face, 0).heatmaps
        return torch.from_numpy(heatmap.values) * heatmap.scale

    torch.testing.assert_close(raw("filled-blurred"), (raw("filled") + raw("blurred")) / 2, atol=1e-5, rtol=1e-4)


def test_what_has_no_border_cannot_be_filled_in() -> None:
    with pytest.raises(FerError, match="'reference' must be one of blurred, mean, both"):
        explainer("rise", reference="filled")
