"""The numbers of Score-CAM, Finer-CAM and the input attributions, on networks whose answer is known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tiny_networks import SIZE, TinyNet, set_theta, tiny_architecture
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.explain.base import observe
from fer_explain.explain.pixels import hidden
from fer_explain.explain.registry import explain, list_methods, method
from fer_explain.faces.regions import REGIONS
from fer_explain.types import Floats

TINY = tiny_architecture()


class Linear(nn.Module):
    """Seven weighted sums of the pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3 * SIZE * SIZE, 7)

    @property
    def weights(self) -> Tensor:
        return self.fc.weight.detach().unflatten(1, (3, SIZE, SIZE))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(x.flatten(1))
        return logits


class OnePatch(nn.Module):
    """Class 2 is the mean of the pixels in rows 8..15 and columns 16..23; the other classes are constants."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(7))

    def forward(self, x: Tensor) -> Tensor:
        logits = self.bias.repeat(len(x), 1)
        logits[:, 2] = x[:, :, 8:16, 16:24].mean((1, 2, 3))
        return logits


class TwoMaps(nn.Module):
    """Two feature maps that are the two halves of the face: class 0 looks at the left one, class 1 at the right one."""

    def __init__(self) -> None:
        super().__init__()
        halves = torch.zeros(2, 1, SIZE, SIZE)
        halves[0, :, :, : SIZE // 2] = 1
        halves[1, :, :, SIZE // 2 :] = 1
        self.halves = nn.Parameter(halves)
        self.features = nn.Identity()
        self.fc = nn.Linear(2, 7, bias=False)
        self.fc.weight.data = torch.tensor([[3.0, 0], [0, 3], [2, 2], [0, 0], [0, 0], [0, 0], [0, 0]])

    def forward(self, x: Tensor) -> Tensor:
        gray = x.mean(1, keepdim=True)
        logits: Tensor = self.fc(self.features(gray * self.halves[:, 0]).mean((2, 3)))
        return logits


@pytest.fixture
def linear() -> Linear:
    torch.manual_seed(0)
    return Linear()


def raw(model: nn.Module, x: Tensor, target: int, way: str, **settings: Any) -> Floats:
    """The map of one face on its raw scale."""
    [heatmap] = explain(model, TINY, x[:1], target, way, **settings).heatmaps
    values: Floats = heatmap.values * heatmap.scale
    return values


def test_the_gradients_of_a_linear_network_are_its_weights(linear: Linear, faces: Tensor) -> None:
    expected = linear.weights[4].abs().amax(0).numpy()
    np.testing.assert_allclose(raw(linear, faces, 4, "saliency"), expected, rtol=1e-5)
    np.testing.assert_allclose(raw(linear, faces, 4, "saliency", samples=5, noise=0.3), expected, rtol=1e-5)


def test_a_linear_network_is_attributed_exactly(linear: Linear, faces: Tensor) -> None:
    """Every axiomatic method gives a pixel its weight times its distance from the baseline, here zero."""
    expected = (linear.weights[4] * faces[0]).sum(0).numpy()
    np.testing.assert_allclose(raw(linear, faces, 4, "integrated_gradients", steps=8), expected, atol=1e-6)
    smoothed = raw(linear, faces, 4, "integrated_gradients", samples=3, seed=5)
    noise = torch.randn(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(5)).mean(0)
    noisy = faces[0] + 0.15 * (faces[0].max() - faces[0].min()) * noise
    np.testing.assert_allclose(smoothed, (linear.weights[4] * noisy).sum(0).numpy(), atol=1e-6)


@pytest.mark.parametrize("baseline", ["mean", "blurred"])
def test_integrated_gradients_add_up_to_the_difference_in_score(tiny: TinyNet, faces: Tensor, baseline: str) -> None:
    for target in range(3):
        values = raw(tiny, faces, target, "integrated_gradients", baseline=baseline, steps=256)
        with torch.no_grad():
            full, empty = tiny(torch.cat([faces[:1], hidden(faces[:1], baseline)]))[:, target]
        assert values.sum() == pytest.approx(float(full - empty), abs=0.02 * float((full - empty).abs()) + 1e-3)


def test_smoothing_agrees_with_captum_noise_for_noise(tiny: TinyNet, faces: Tensor) -> None:
    """captum's NoiseTunnel, given the same draw: it asks torch's global generator, ours has the same seed."""
    from captum.attr import IntegratedGradients, NoiseTunnel

    tiny.requires_grad_(False)
    spread = 0.2 * float(faces[0].max() - faces[0].min())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        expected = NoiseTunnel(IntegratedGradients(tiny)).attribute(
            faces[:1], nt_samples=4, stdevs=spread, target=1, baselines=torch.zeros_like(faces[:1]), n_steps=16
        )
    got = raw(tiny, faces, 1, "integrated_gradients", samples=4, noise=0.2, seed=11, steps=16)
    np.testing.assert_allclose(got, expected[0].sum(0).detach().numpy(), atol=2e-3 * np.abs(got).max())


def test_gradient_shap_agrees_with_captum_on_average(tiny: TinyNet, faces: Tensor) -> None:
    from captum.attr import GradientShap

    tiny.requires_grad_(False)
    face = faces[:1]
    levels = torch.linspace(float(face.min()), float(face.max()), 64)[:, None, None, None]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        expected = GradientShap(tiny).attribute(
            face, levels.expand(-1, 3, SIZE, SIZE), n_samples=800, stdevs=0.1 * float(face.max() - face.min()), target=1
        )
    got = raw(tiny, faces, 1, "gradient_shap", samples=256)
    correlation = np.corrcoef(got.ravel(), expected[0].sum(0).detach().numpy().ravel())[0, 1]
    assert correlation > 0.9
    assert got.sum() == pytest.approx(float(expected.sum()), rel=0.3)


@pytest.mark.parametrize("way", ["saliency", "integrated_gradients", "gradient_shap"])
def test_random_maps_come_back_for_the_same_seed_and_change_with_another(
    tiny: TinyNet, faces: Tensor, way: str
) -> None:
    first = raw(tiny, faces, 1, way, samples=8, seed=3)
    torch.rand(5)
    np.testing.assert_array_equal(raw(tiny, faces, 1, way, samples=8, seed=3), first)
    assert not np.allclose(raw(tiny, faces, 1, way, samples=8, seed=4), first)


def test_occlusion_finds_the_only_patch_that_counts(faces: Tensor) -> None:
    bright = faces.abs() + 1
    values = raw(OnePatch(), bright, 2, "occlusion", window=0.25, overlap=0)
    inside = np.zeros((SIZE, SIZE), dtype=bool)
    inside[8:16, 16:24] = True
    np.testing.assert_allclose(values[inside], float(bright[0, :, 8:16, 16:24].mean()), rtol=1e-5)
    assert not values[~inside].any()
    assert not raw(OnePatch(), bright, 3, "occlusion").any(), "a class that reads nothing has no map"
    assert (raw(OnePatch(), -bright, 2, "occlusion", window=0.25, overlap=0)[inside] < 0).all(), "signs are kept"


def test_a_region_is_worth_what_hiding_it_takes(faces: Tensor) -> None:
    bright = faces.abs() + 1
    regions = torch.full((3, SIZE, SIZE), REGIONS.index("background"))
    regions[:, 8:16, 16:24] = REGIONS.index("mouth")
    [first, *_] = explain(OnePatch(), TINY, bright, 2, "region_ablation", regions=regions).heatmaps
    values = first.values * first.scale
    np.testing.assert_allclose(values[8:16, 16:24], float(bright[0, :, 8:16, 16:24].mean()), rtol=1e-5)
    assert not values[:8].any()


def test_without_regions_a_usual_layout_is_taken(linear: Linear, faces: Tensor) -> None:
    values = raw(linear, faces, 0, "region_ablation")
    assert 5 <= len(np.unique(values.round(6))) <= len(REGIONS), "one value for each part of a face"


def test_score_cam_weighs_maps_by_the_score_behind_each() -> None:
    """Algorithm 1 of the paper by hand: masks, logits behind them, softmax, sum, ReLU."""
    torch.manual_seed(2)
    model, x = TwoMaps(), torch.rand(1, 3, SIZE, SIZE) + 1
    with torch.no_grad():
        maps = x.mean(1, keepdim=True) * model.halves[:, 0]
        spans = maps.amax((2, 3), keepdim=True) - maps.amin((2, 3), keepdim=True)
        masks = ((maps - maps.amin((2, 3), keepdim=True)) / spans)[0]
        scores = model(x * masks[:, None])[:, 0]
        expected = (scores.softmax(0)[:, None, None] * maps[0]).sum(0)
    np.testing.assert_allclose(raw(model, x, 0, "score_cam"), expected.numpy(), rtol=1e-5)
    assert scores[0] > scores[1]


def test_score_cam_agrees_with_the_library_where_there_is_no_transformer(faces: Tensor) -> None:
    """pytorch-grad-cam enlarges with aligned corners and masks the input; the maps agree up to that."""
    from pytorch_grad_cam import ScoreCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    torch.manual_seed(0)
    model = TinyNet(stn=False).eval()
    cam = ScoreCAM(model, [model.features], torch.clone)  # a copy: the layer behind works in place
    expected = cam(faces[:1], [ClassifierOutputTarget(5)])[0]
    cam.activations_and_grads.release()
    got = raw(model, faces, 5, "score_cam")
    assert np.corrcoef(got.ravel(), expected.ravel())[0, 1] > 0.97


def test_score_cam_masks_the_aligned_face_and_leaves_the_transformer_its_sight(faces: Tensor) -> None:
    """Behind a transformer that turns by 90 degrees the map is that of the turned face without one."""
    torch.manual_seed(0)
    model = TinyNet().eval()
    set_theta(model, [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    aligned = observe(model, faces).trace.warped
    assert aligned is not None
    turned = raw(model, faces, 5, "score_cam")
    model.stn = nn.Identity()  # type: ignore[assignment]
    np.testing.assert_allclose(turned, raw(model, aligned, 5, "score_cam"), atol=1e-5)


def test_finer_cam_shows_what_tells_two_classes_apart() -> None:
    model, x = TwoMaps(), torch.ones(1, 3, SIZE, SIZE)
    left, right = np.s_[:, : SIZE // 2 - 1], np.s_[:, SIZE // 2 + 1 :]
    [plain] = explain(model, TINY, x, 2, "gradcam").heatmaps
    assert plain.values[left].min() > 0.9, "class 2 looks at both halves"
    assert plain.values[right].min() > 0.9
    [finer] = explain(model, TINY, x, 2, "finer_cam", against=(0,)).heatmaps
    assert finer.values[left].max() < 0.01, "but class 0 looks at the left one, too"
    assert finer.values[right].min() > 0.9
    none = explain(model, TINY, x, 2, "finer_cam", against=(0,), strength=0.0).heatmaps[0]
    np.testing.assert_allclose(none.values, plain.values, atol=1e-6)


def test_finer_cam_takes_the_strongest_other_class_unless_told(tiny: TinyNet, faces: Tensor) -> None:
    told = explain(tiny, TINY, faces, method="finer_cam")
    for i, heatmap in enumerate(told.heatmaps):
        first, second = told.logits[i].argsort(descending=True)[:2].tolist()
        assert heatmap.target == first
        named = explain(tiny, TINY, faces[i : i + 1], first, "finer_cam", against=[second]).heatmaps[0]
        np.testing.assert_allclose(heatmap.values, named.values, atol=1e-4)


def test_finer_cam_refuses_classes_that_make_no_difference(tiny: TinyNet, faces: Tensor) -> None:
    for against in ((3,), (1, 3)):
        with pytest.raises(FerError, match="told apart from itself"):
            explain(tiny, TINY, faces, 3, "finer_cam", against=against)
    predicted = int(tiny(faces[:1]).argmax())
    with pytest.raises(FerError, match="told apart from itself"):
        explain(tiny, TINY, faces[:1], None, "finer_cam", against=(predicted,))
    with pytest.raises(FerError, match="'against' must hold classes from 0 to 6, got 7"):
        explain(tiny, TINY, faces, 3, "finer_cam", against=(7,))


@pytest.mark.parametrize("way", [way for way in list_methods() if method(way).slow])
def test_a_batch_gives_each_face_what_it_gets_alone(tiny: TinyNet, faces: Tensor, way: str) -> None:
    together = explain(tiny, TINY, faces, [1, 2, 5], way).heatmaps
    for heatmap, face, target in zip(together, faces, [1, 2, 5], strict=True):
        [alone] = explain(tiny, TINY, face[None], target, way).heatmaps
        np.testing.assert_allclose(heatmap.values, alone.values, atol=1e-4)
        assert heatmap.scale == pytest.approx(alone.scale, rel=1e-4)


def test_no_pass_is_larger_than_its_limit(tiny: TinyNet, faces: Tensor) -> None:
    sizes: list[int] = []
    tiny.register_forward_hook(lambda _m, inputs, _o: sizes.append(len(inputs[0])))
    generous: dict[str, dict[str, Any]] = {
        "integrated_gradients": {"steps": 256, "samples": 2},
        "gradient_shap": {"samples": 256},
        "saliency": {"samples": 32},
        "occlusion": {"window": 0.1, "overlap": 0.75},
        "score_cam": {"channels": 1024},
    }
    for way, settings in generous.items():
        explain(tiny, TINY, faces[:1], 1, way, **settings)
    assert max(sizes) <= 16
