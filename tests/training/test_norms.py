"""PreciseBN: the statistics are those of the plain training faces, and nothing else changes."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from fer_explain.faces.preprocess import to_batch
from fer_explain.types import InputSpec
from training.data import FaceSet
from training.norms import measure_norms

SPEC = InputSpec(16, 3, (0.5,) * 3, (0.25,) * 3)


def faces(n: int) -> FaceSet:
    draw = np.random.default_rng(0)
    return FaceSet("drawn", "train", draw.integers(0, 256, (n, 16, 16), np.uint8), np.arange(n) % 7, np.arange(n))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, momentum=0.1), nn.Dropout(0.5), nn.Flatten())


def test_statistics_become_those_of_the_images_that_were_asked_for() -> None:
    model, train = network(), faces(64)
    model[1].running_mean.fill_(7)
    measure_norms(model, train, 32, SPEC)
    x = to_batch(train.images[::2], SPEC).expand(-1, 3, -1, -1)
    variance, mean = torch.var_mean(model[0](x), dim=(0, 2, 3))
    torch.testing.assert_close(model[1].running_mean, mean)
    torch.testing.assert_close(model[1].running_var, variance)


def test_several_batches_count_alike_and_all_images_may_be_asked_for() -> None:
    model, train = network(), faces(514)  # two batches of 171 and one of 172, not one of two faces
    measure_norms(model, train, 10_000, SPEC)
    x = to_batch(train.images, SPEC).expand(-1, 3, -1, -1)
    torch.testing.assert_close(model[1].running_mean, model[0](x).mean((0, 2, 3)), rtol=1e-3, atol=1e-4)


def test_weights_modes_and_momentum_stay() -> None:
    model = network().train()
    model[2].eval()
    before = {name: value.clone() for name, value in model.named_parameters()}
    measure_norms(model, faces(8), 8, SPEC)
    assert all(torch.equal(before[name], value) for name, value in model.named_parameters())
    assert (model.training, model[1].training, model[2].training) == (True, True, False)
    assert model[1].momentum == 0.1
