"""Test-time augmentation: what each named setting looks at, on a network that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.faces.preprocess import to_batch
from fer_explain.types import InputSpec
from training.data import FaceSet
from training.validation import predict
from training.views import list_views, with_views

SPEC = InputSpec(48)
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)


class Corners(nn.Module):
    """The sum of the left half and the middle pixel of each input (N, 2): both change with flips and crops."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[1:] == (SPEC.channels, SPEC.size, SPEC.size)
        return self.scale * torch.stack([x[:, 0, :, :24].sum((1, 2)), x[:, 0, 24, 24]], dim=1)


def faces(images: np.ndarray) -> FaceSet:
    return FaceSet("drawn", "test", images, np.zeros(len(images), np.int64), np.arange(len(images)))


def look(images: np.ndarray, views: str) -> Tensor:
    network, spec = with_views(Corners(), SPEC, views)
    return predict(network, faces(images), spec)


def test_one_view_is_the_network_itself() -> None:
    network = Corners()
    assert with_views(network, SPEC, "one") == (network, SPEC)


def test_flip_is_the_mean_of_an_image_and_its_mirror_image() -> None:
    one, mirrored = look(IMAGES, "one"), look(np.ascontiguousarray(IMAGES[..., ::-1]), "one")
    assert not torch.allclose(one, mirrored)
    torch.testing.assert_close(look(IMAGES, "flip"), (one + mirrored) / 2)


def test_ten_crop_is_the_mean_over_corners_centre_and_mirror_images() -> None:
    side = round(48 * 236 / 224)
    large = to_batch(IMAGES, InputSpec(side)).expand(-1, SPEC.channels, -1, -1)
    border, middle = side - 48, round((side - 48) / 2)
    crops = []
    for source in (large, large.flip(-1)):
        for top, left in ((0, 0), (0, border), (border, 0), (border, border), (middle, middle)):
            crops.append(Corners()(source[..., top : top + 48, left : left + 48]))
    torch.testing.assert_close(look(IMAGES, "ten_crop"), torch.stack(crops).mean(0))


@pytest.mark.parametrize("views", [name for name in list_views() if name != "one"])
def test_a_mirrored_photo_gets_the_same_answer(views: str) -> None:
    mirrored = look(np.ascontiguousarray(IMAGES[..., ::-1]), views)
    torch.testing.assert_close(look(IMAGES, views), mirrored, rtol=1e-4, atol=1e-3)


def test_unknown_views_are_told_what_there_is() -> None:
    with pytest.raises(FerError, match="--views five: there is no such setting; choose one, flip, ten_crop"):
        with_views(Corners(), SPEC, "five")
