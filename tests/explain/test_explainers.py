"""The contract every explanation keeps with every compact network."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import pytorch_grad_cam  # noqa: F401
import torch
from tiny_networks import TinyNet, count_hooks, tiny_architecture
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.explain import registry
from fer_explain.explain.base import Attribution, Case, Explainer, observe
from fer_explain.explain.cam import CamExplainer
from fer_explain.explain.parameters import option
from fer_explain.explain.registry import explain, explainer, list_methods, method
from fer_explain.explain.score_cam import ScoreCam
from fer_explain.explain.trace import Trace
from fer_explain.explain.turns import in_steps
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


def shared_state(model: nn.Module) -> dict[str, Any]:
    """What other threads would notice."""
    return {key: value for key, value in state(model).items() if key != "grad_mode"}


def disturb(model: nn.Module) -> None:
    """Modes, frozen weights and gradients of a network in the middle of something else."""
    model.train()
    next(model.children()).eval()
    for index, weight in enumerate(model.parameters()):
        weight.requires_grad_(index % 3 != 0)
        if index % 2:
            weight.grad = torch.full_like(weight, 0.5)


def brief(way: str) -> dict[str, Any]:
    """The settings with which a method takes the fewest passes."""
    cheap = {"samples": 8 if way == "gradient_shap" else 2, "steps": 8, "channels": 8, "window": 0.5, "overlap": 0}
    return {parameter.name: cheap[parameter.name] for parameter in method(way).parameters() if parameter.name in cheap}


FAST = [way for way in list_methods() if not method(way).slow]
SLOW = [way for way in list_methods() if method(way).slow]


@pytest.mark.parametrize("name", list_models(compact=True))
def test_every_method_explains_every_compact_network(name: str) -> None:
    model, entry = lively(name), architecture(name)
    x = inputs(entry)
    for way in [*FAST, *SLOW]:
        targets = list(range(7)) if way in FAST else [3]
        told = explain(model, entry, x[: len(targets)], targets, way, **brief(way))
        values = np.stack([heatmap.values for heatmap in told.heatmaps])
        signed = method(way).signed
        assert values.shape == (len(targets), entry.input.size, entry.input.size)
        assert np.isfinite(values).all(), way
        assert values.min() >= (-1 if signed else 0), way
        if way == "score_cam" and not values.any():
            continue  # its ReLU leaves nothing where every weighted map is negative, as may be in an untrained network
        assert abs(values).max() == pytest.approx(1), way
        assert any(np.ptp(one) > 0.1 for one in values), f"{way} is flat for every class"
        assert {heatmap.signed for heatmap in told.heatmaps} == {signed}
        aligned = told.trace.stn is not None and issubclass(method(way), CamExplainer | ScoreCam)
        assert {heatmap.frame for heatmap in told.heatmaps} == {"warped" if aligned else "crop"}
        assert told.logits.shape == (len(targets), 7)


@pytest.mark.parametrize("name", list_models(compact=True))
def test_the_network_is_left_as_it_was_found(name: str) -> None:
    model, entry = lively(name), architecture(name)
    x = inputs(entry)[:1]
    disturb(model)
    before = state(model)
    for way in [*list_methods(), None]:
        explain(model, entry, x, method=way, **brief(way) if way else {})
        assert state(model) == before, way


@pytest.mark.parametrize(
    ("way", "passes"), [*((way, 0) for way in [*list_methods(), None]), *((way, n) for way in SLOW for n in (1, 2))]
)
def test_the_network_is_left_as_it_was_found_after_an_exception(
    tiny: TinyNet, faces: Tensor, way: str | None, passes: int
) -> None:
    disturb(tiny)
    run: list[int] = []

    def break_down(*_: object) -> None:
        run.append(1)
        if len(run) > passes:
            torch.empty(0)[3]  # an IndexError, which pytorch-grad-cam swallows

    broken = tiny.fc.register_forward_hook(break_down)
    before = state(tiny)
    with pytest.raises(IndexError):
        explain(tiny, tiny_architecture(), faces, method=way, **{"samples": 8} if way == "saliency" else {})
    assert state(tiny) == before
    broken.remove()
    assert explain(tiny, tiny_architecture(), faces, method=way).logits.shape == (3, 7)


@pytest.mark.parametrize("way", list_methods())
def test_the_network_is_left_as_it_was_found_after_a_cancel(tiny: TinyNet, faces: Tensor, way: str) -> None:
    disturb(tiny)
    before = state(tiny)

    def work(report: Callable[[float], None]) -> Attribution:
        @contextmanager
        def turn(share: float) -> Iterator[None]:
            report(share)
            yield

        return explain(tiny, tiny_architecture(), faces, method=way, turn=turn)

    steps = in_steps(work)
    assert next(steps) == 0
    steps.close()
    assert state(tiny) == before


@pytest.mark.parametrize("way", list_methods())
def test_turns_come_with_the_share_that_is_done_and_leave_the_network_alone_in_between(
    tiny: TinyNet, faces: Tensor, way: str
) -> None:
    shares: list[float] = []
    disturb(tiny)
    before = shared_state(tiny)

    @contextmanager
    def turn(share: float) -> Iterator[None]:
        assert shared_state(tiny) == before
        shares.append(share)
        yield
        assert shared_state(tiny) == before

    explain(tiny, tiny_architecture(), faces, [1, 2, 3], way, turn=turn)
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] < 1, "the share is told before each pass, not after"
    assert (len(shares) > 1) == method(way).slow
    if len(shares) > 2:
        assert shares[-1] == pytest.approx(1 - 1 / (len(shares) - 1)), "the passes were counted right"


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
    assert set(names) >= {
        "gradcam", "gradcam_plusplus", "hirescam", "layercam", "eigencam", "score_cam", "finer_cam",
        "integrated_gradients", "saliency", "occlusion", "gradient_shap", "region_ablation",
    }  # fmt: skip
    for name in names:
        variant = method(name)
        assert variant.name == name
        assert variant.title
        assert variant.description.endswith(".")
        assert all(parameter.help.endswith(".") for parameter in variant.parameters())
    (layer,) = method("gradcam").parameters()
    assert (layer.name, layer.kind, layer.default) == ("layer", "layer", None)


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

        def _attribute(self, case: Case) -> Attribution:
            with case.alone(gradients=False) as model:
                torch.rand(self.samples)
                return Attribution(model(case.x), Trace())

    assert "random" in list_methods()
    before = torch.get_rng_state()
    explain(tiny, tiny_architecture(), faces, method="random", samples=9)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(ValueError, match="registered twice"):
        registry.register(Random)
    registry._all.cache_clear()
