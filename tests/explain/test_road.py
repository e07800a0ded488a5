"""ROAD fills holes as the library does that its authors recommend."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fer_explain.explain.faithfulness import road
from fer_explain.explain.faithfulness.road import _impute


@pytest.mark.parametrize("channels", [1, 3])
def test_holes_are_filled_as_pytorch_grad_cam_fills_them(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer

    monkeypatch.setattr(road, "NOISE", 0)
    face = torch.rand(channels, 20, 20, generator=torch.Generator().manual_seed(0))
    kept = np.random.default_rng(0).random((20, 20)) > 0.3
    kept[:6, :5] = False  # a hole at the border
    expected = NoisyLinearImputer(noise=0)(face, torch.from_numpy(kept).float())
    torch.testing.assert_close(_impute(face, kept, np.random.default_rng(1)), expected, atol=1e-5, rtol=0)
