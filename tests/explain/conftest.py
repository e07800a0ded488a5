from __future__ import annotations

import pytest
import torch
from tiny_networks import SIZE, TinyNet
from torch import Tensor


@pytest.fixture
def tiny() -> TinyNet:
    torch.manual_seed(0)
    return TinyNet().eval()


@pytest.fixture
def faces() -> Tensor:
    """Three inputs (3, 3, S, S)."""
    return torch.randn(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
