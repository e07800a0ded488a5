from __future__ import annotations

import pytest
import torch
from torch import nn

from fer_explain.errors import FerError
from fer_explain.models import create_model
from fer_explain.models.vgg import freeze_blocks


def test_vgg19_has_its_parameters_and_freezes_whole_blocks() -> None:
    with torch.device("meta"):
        model = create_model("vgg19", frozen_blocks=2)
    assert round(sum(weight.numel() for weight in model.parameters()) / 1e6, 1) == 139.6
    frozen = [name for name, weight in model.named_parameters() if not weight.requires_grad]
    assert len(frozen) == 2 * (2 + 2)  # weight and bias of two blocks of two convolutions
    assert all(name.startswith("features.") for name in frozen)


@pytest.mark.parametrize(("count", "frozen"), [(0, 0), (1, 1), (2, 2)])
def test_blocks_end_at_their_pool(count: int, frozen: int) -> None:
    features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.MaxPool2d(2))
    freeze_blocks(features, count)
    assert sum(not features[i].weight.requires_grad for i in (0, 2)) == frozen


@pytest.mark.parametrize("count", [-1, 3])
def test_a_wrong_number_of_blocks_is_refused(count: int) -> None:
    features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.MaxPool2d(2))
    with pytest.raises(FerError, match=r"frozen_blocks must lie in 0\.\.2"):
        freeze_blocks(features, count)


def test_the_compact_one_has_vgg19s_sixteen_convolutions_and_no_weights_to_fetch() -> None:
    model = create_model("vgg_compact")
    assert sum(isinstance(module, nn.Conv2d) for module in model.modules()) == 16
    with pytest.raises(FerError, match="no pretrained weights"):
        create_model("vgg_compact", pretrained=True)
