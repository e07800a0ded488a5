"""What pytorch-grad-cam does wrong, shown with it alone. A test here fails once it has been mended."""

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from fer_explain.explain.faithfulness.road import _impute


def network(scale: float = 1) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    model[4].weight.data *= scale
    return model


def test_with_block_swallows_an_index_error() -> None:
    model = network()
    try:
        with GradCAM(model, [model[0]]):
            raise IndexError("of ours")
    except IndexError:
        pytest.fail("The block lets an IndexError out: _open_cam in explain/cam.py can be such a block.")


def test_map_is_stretched_to_one_whatever_it_was() -> None:
    tops = []
    for scale in (1, 1000):
        model = network(scale)
        with GradCAM(model, [model[0]]) as cam:
            tops.append(float(cam(torch.rand(1, 1, 8, 8), [ClassifierOutputTarget(0)]).max()))
    assert np.allclose(tops[0], tops[1], atol=1e-3), "Maps keep their scale: _keeping_raw in explain/cam.py can go."


def test_road_is_slow_to_set_up() -> None:
    face, kept = torch.rand(1, 64, 64), np.random.default_rng(0).random((64, 64)) > 0.3

    def seconds(impute: Callable[[], object]) -> float:
        began = time.perf_counter()
        impute()
        return time.perf_counter() - began

    theirs, ours = NoisyLinearImputer(noise=0.01), np.random.default_rng(0)
    pairs = [
        (
            seconds(lambda: theirs(face, torch.from_numpy(kept).float())),
            seconds(lambda: _impute(face, kept, ours)),
        )
        for _ in range(7)
    ]
    slow, quick = np.median(np.array(pairs[1:]), axis=0)
    assert slow > 1.3 * quick, "The library's imputer is as quick as ours: _impute in faithfulness/road.py can be it."
