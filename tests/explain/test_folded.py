"""A receipt asks a copy of the network that is quicker and must not be another one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from fer_explain.explain.faithfulness.folded import folded
from fer_explain.models import architecture, create_model, list_models


def _norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def _with_statistics(model: nn.Module) -> nn.Module:
    """The model in evaluation mode, its batch norms like those of a trained network."""
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.running_mean, module.running_var, module.weight, module.bias):
                if values is not None:
                    values.data.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


@pytest.mark.parametrize(
    "name", [name for name in list_models() if "compact" in name or "nano" in name or "lite" in name]
)
def test_it_answers_like_the_network_and_leaves_that_alone(name: str) -> None:
    torch.manual_seed(0)
    model = _with_statistics(create_model(name))
    spec = architecture(name).input
    x = torch.randn(3, spec.channels, spec.size, spec.size)
    kept, paths = (
        {key: value.clone() for key, value in model.state_dict().items()},
        [n for n, _ in model.named_modules()],
    )
    quick = folded(model, x[:1])
    with torch.no_grad():
        torch.testing.assert_close(quick(x), model(x), rtol=1e-3, atol=1e-3)
    assert all(torch.equal(value, kept[key]) for key, value in model.state_dict().items())
    assert [n for n, _ in model.named_modules()] == paths
    assert {n for n, _ in quick.named_modules()} >= set(paths), "a layer's map is asked for by its path"


def test_norms_behind_convolutions_are_gone() -> None:
    for name in ("resnet_compact", "stn_se_efficientnet_lite0", "stn_se_mobilenetv1_vggface2"):
        model = _with_statistics(create_model(name))
        size = architecture(name).input.size
        assert _norms(model) > 10
        assert _norms(folded(model, torch.randn(1, 3, size, size))) == 0, name


class Twice(nn.Module):
    """What the convolution says is read by the norm and by the sum."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 7, 3), nn.BatchNorm2d(7)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)
        logits: Tensor = (self.norm(y) + y).mean((2, 3))
        return logits


class Between(nn.Module):
    """What the convolution says is changed in place before the norm reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 7, 3), nn.BatchNorm2d(7)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.norm(self.convolution(x).relu_()).mean((2, 3))
        return logits


@pytest.mark.parametrize("network", [Twice, Between])
def test_a_norm_that_cannot_be_folded_stays(network: type[nn.Module]) -> None:
    torch.manual_seed(1)
    model, x = _with_statistics(network()), torch.randn(4, 3, 9, 9)
    quick = folded(model, x)
    assert _norms(quick) == 1
    with torch.no_grad():
        torch.testing.assert_close(quick(x), model(x), rtol=1e-4, atol=1e-4)


def test_gradients_are_those_of_the_network() -> None:
    torch.manual_seed(2)
    model = _with_statistics(create_model("resnet_compact"))
    size = architecture("resnet_compact").input.size
    x = torch.randn(2, 3, size, size)
    told = []
    for network in (model, folded(model, x)):
        face = x.clone().requires_grad_()
        told.append(torch.autograd.grad(network(face)[:, 0].sum(), face)[0])
    torch.testing.assert_close(told[1], told[0], rtol=1e-2, atol=1e-4)
