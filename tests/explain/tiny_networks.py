"""A small network with everything an explanation reads: a spatial transformer, gates of every kind, a map."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fer_explain.models import Architecture
from fer_explain.models.layers.gates import make_gate
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.types import InputSpec

SIZE = 32


class TinyNet(nn.Module):
    """stn -> stem (/4) -> se -> eca -> cbam -> features (N, 8, 8, 8) -> an in-place ReLU -> mean -> fc."""

    def __init__(self, stn: bool = True) -> None:
        super().__init__()
        self.stn = SpatialTransformer(3, SIZE) if stn else nn.Identity()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=4, padding=1), nn.BatchNorm2d(8))
        self.se = make_gate("se", 8, init="plain")
        self.eca = make_gate("eca", 8, init="plain")
        self.cbam = make_gate("cbam", 8, init="plain")
        self.features = nn.Identity()
        self.act = nn.ReLU(inplace=True)
        self.fc = nn.Linear(8, 7)

    def forward(self, x: Tensor) -> Tensor:
        x = self.cbam(self.eca(self.se(self.stem(self.stn(x)))))
        x = self.act(self.features(x))
        logits: Tensor = self.fc(x.mean((2, 3)))
        return logits


def tiny_architecture(cam_layer: str = "features", cam_nhwc: bool = False) -> Architecture:
    return Architecture(
        name="tiny",
        build=lambda **_: TinyNet(),
        input=InputSpec(SIZE),
        cam_layer=cam_layer,
        summary="a network for tests",
        cam_nhwc=cam_nhwc,
    )


def count_hooks(model: nn.Module) -> int:
    return sum(
        len(getattr(module, kind))
        for module in model.modules()
        for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    )


def set_theta(model: nn.Module, theta: list[list[float]]) -> None:
    """Makes the spatial transformer apply one known map to every input."""
    regressor = model.get_submodule("stn.theta.0")
    with torch.no_grad():
        regressor.weight.zero_()  # type: ignore[operator, union-attr]
        regressor.bias.copy_(torch.tensor(theta).flatten())  # type: ignore[operator, union-attr]
