from __future__ import annotations

import pytest
import torch
from torch import nn

from fer_explain.errors import FerError
from fer_explain.models import architecture, create_model


def test_it_takes_gray_faces_in_0_to_1() -> None:
    spec = architecture("sequential_cnn").input
    assert (spec.size, spec.channels, spec.mean, spec.std) == (48, 1, (0.0,), (1.0,))


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_the_switches_of_the_ablation(batch_norm: bool, dropout: float) -> None:
    model = create_model("sequential_cnn", batch_norm=batch_norm, dropout=dropout)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    rates = {m.p for m in model.modules() if isinstance(m, nn.Dropout)}
    assert len(norms) == (5 if batch_norm else 0)
    assert rates == {dropout, 2 * dropout}
    assert (model.blocks[0].conv.bias is None) is batch_norm
    assert model.eval()(torch.randn(2, 1, 48, 48)).shape == (2, 7)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(FerError, match="dropout must lie in"):
        create_model("sequential_cnn", dropout=0.7)
    with pytest.raises(FerError, match="no pretrained weights"):
        create_model("sequential_cnn", pretrained=True)
