"""The contract every explanation keeps with every compact network."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from tiny_networks import TinyNet, count_hooks, tiny_architecture
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.explain import registry
from fer_explain.explain.base import Attribution, Explainer, observe, option
from fer_explain.explain.registry import explain, explainer, list_methods, method
from fer_explain.models import architecture, create_model, list_models
from fer_explain.models.registry import Architecture


def lively(name: str) -> nn.Module:
    """An untrained network whose maps are not flat: initial weights of a ConvNeXt are so small that its are."""
    torch.manual_seed(0)
    model = create_model(name)
    for path, weight in model.named_parameters():
        if weight.ndim == 4 and not path.startswith("stn"):
            nn.init.kaiming_normal_(weight)
    return model.eval()


def inputs(entry: Architecture) -> Tensor:
    """One face seven times, to be explained once for each class."""
    generator = torch.Generator().manual_seed(3)
    one = torch.randn(1, entry.input.channels, entry.input.size, entry.input.size, generator=generator)
    return one.repeat(7, 1, 1, 1)


def state(model: nn.Module) -> dict[str, Any]:
    """Everything a call may not change; gradients by identity and by value."""
    return {
        "hooks": count_hooks(model),
        "modes": [module.training for module in model.modules()],
        "requires_grad": [weight.requires_grad for weight in model.parameters()],
        "grads": [
            (id(weight.grad), None if weight.grad is None else weight.grad.sum()) for weight in model.parameters()
        ],
        "weights": [value.double().sum().item() for value in model.state_dict().values()],
        "random": (torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()),  # noqa: NPY002
        "grad_mode": torch.is_grad_enabled(),
    }


def disturb(model: nn.Module) -> None:
    """Modes, frozen weights and gradients of a network in the middle of something else."""
    model.train()
    next(model.children()).eval()
    for index, weight in enumerate(model.parameters()):
        weight.requires_grad_(index % 3 != 0)
        if index % 2:
            weight.grad = torch.full_like(weight, 0.5)


@pytest.mark.parametrize("name", list_models(compact=True))
def test_every_method_explains_every_compact_network(name: str) -> None:
    model, entry = lively(name), architecture(name)
    x = inputs(entry)
    for way in list_methods():
        told = explain(model, entry, x, list(range(7)), way)
        values = np.stack([heatmap.values for heatmap in told.heatmaps])
        assert values.shape == (7, entry.input.size, entry.input.size)
        assert np.isfinite(values).all(), way
        assert values.min() >= 0, way
        assert values.max() == pytest.approx(1), way
        assert any(np.ptp(one) > 0.1 for one in values), f"{way} is flat for all seven classes"
        assert {heatmap.frame for heatmap in told.heatmaps} == {"crop" if told.trace.stn is None else "warped"}
        assert told.logits.shape == (7, 7)


@pytest.mark.parametrize("way", [*list_methods(), None])
@pytest.mark.parametrize("name", list_models(compact=True))
def test_the_network_is_left_as_it_was_found(name: str, way: str | None) -> None:
    model, entry = lively(name), architecture(name)
    disturb(model)
    before = state(model)
    explain(model, entry, inputs(entry)[:1], method=way)
    assert state(model) == before


@pytest.mark.parametrize("way", [*list_methods(), None])
def test_the_network_is_left_as_it_was_found_after_an_exception(tiny: TinyNet, faces: Tensor, way: str | None) -> None:
    disturb(tiny)
    broken = tiny.fc.register_forward_hook(lambda *_: torch.empty(0)[3])  # IndexError, which pytorch-grad-cam swallows
    before = state(tiny)
    with pytest.raises(IndexError):
        explain(tiny, tiny_architecture(), faces, method=way)
    assert state(tiny) == before
    broken.remove()
    assert explain(tiny, tiny_architecture(), faces, method=way).logits.shape == (3, 7)


def test_the_input_gets_no_gradient(tiny: TinyNet, faces: Tensor) -> None:
    faces.requires_grad_()
    explain(tiny, tiny_architecture(), faces)
    assert faces.grad is None


def test_an_explanation_works_where_gradients_are_off(tiny: TinyNet, faces: Tensor) -> None:
    with torch.no_grad():
        assert len(explain(tiny, tiny_architecture(), faces).heatmaps) == 3


def test_observing_runs_without_a_graph_and_without_a_map(tiny: TinyNet, faces: Tensor) -> None:
    told = observe(tiny.train(), faces)
    assert told.heatmaps == []
    assert not told.logits.requires_grad
    assert told.trace.theta is not None
    torch.testing.assert_close(told.logits, tiny.eval()(faces).detach())


def test_the_default_method_comes_first_and_all_declare_what_people_read() -> None:
    names = list_methods()
    assert names[0] == "gradcam"
    assert {"gradcam", "gradcam_plusplus", "hirescam", "layercam", "eigencam"} <= set(names)
    for name in names:
        variant = method(name)
        assert variant.name == name
        assert variant.title
        assert variant.description.endswith(".")
        assert all(parameter.help.endswith(".") for parameter in variant.parameters())
    (layer,) = method("gradcam").parameters()
    assert (layer.name, layer.type, layer.default) == ("layer", "str | None", None)


def test_an_unknown_method_or_parameter_names_what_there_is() -> None:
    with pytest.raises(FerError, match=r"no explanation 'magic'; choose one of gradcam, eigencam"):
        explainer("magic")
    with pytest.raises(FerError, match="'gradcam' has no parameter 'colour'; it has layer"):
        explainer("gradcam", colour="red")


def test_an_explanation_is_added_in_one_place(tiny: TinyNet, faces: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", dict(registry._all()))
    registry._all.cache_clear()

    @registry.register
    @dataclass(frozen=True)
    class Random(Explainer):
        name = "random"
        title = "Random"
        description = "Noise."
        samples: int = option(4, "How many maps are averaged.")

        def _attribute(
            self, model: nn.Module, architecture: Architecture, x: Tensor, targets: list[int] | None
        ) -> Attribution:
            torch.rand(self.samples)
            return observe(model, x)

    assert "random" in list_methods()
    before = torch.get_rng_state()
    explain(tiny, tiny_architecture(), faces, method="random", samples=9)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(ValueError, match="registered twice"):
        registry.register(Random)
    registry._all.cache_clear()
