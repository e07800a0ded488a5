import torch
from torch import nn

from fer_explain.models.latency import RUNS, WARM_UP, forward_milliseconds
from fer_explain.types import InputSpec


class Counting(nn.Module):
    """Counts its passes and remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.passes = 0
        self.shape: tuple[int, ...] = ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert not torch.is_grad_enabled()
        self.passes += 1
        self.shape = tuple(x.shape)
        return x


def test_one_face_is_shown_as_often_as_is_said() -> None:
    model, spec = Counting(), InputSpec(size=24, channels=3)
    assert forward_milliseconds(model, spec) > 0
    assert model.passes == WARM_UP + RUNS
    assert model.shape == (1, 3, 24, 24)
