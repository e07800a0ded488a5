"""The region audit on networks of which it is known what every part of the face is worth to them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_networks import SIZE, TinyNet, count_hooks, set_theta
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.explain.region_audit import audit_explained, audit_map, audit_regions, occlude, shares
from fer_explain.faces.regions import REGIONS, canonical_regions
from fer_explain.types import Floats, Heatmap

PARTS = canonical_regions(SIZE)
WORTH = {"brows": 0.4, "eyes": 0.7, "nose": 0.2, "mouth": 1.4, "cheeks": 0.1, "hair": 0.05, "background": 0.0}


def regions_at(name: str) -> NDArray[np.bool_]:
    return np.equal(PARTS, REGIONS.index(name))


class Valuing(nn.Module):
    """Sees contrast, and values it by the part of the face it lies in; class 0 gains, the others stay at 0."""

    def __init__(self, worth: dict[str, float]) -> None:
        super().__init__()
        values = torch.tensor([worth[name] for name in REGIONS])[torch.from_numpy(PARTS)]
        areas = torch.from_numpy(np.bincount(PARTS.ravel(), minlength=len(REGIONS))[PARTS]).float()
        self.worth = nn.Parameter(values / areas)

    def forward(self, x: Tensor) -> Tensor:
        evidence = (x.square().mean(1) * self.worth).sum((1, 2), keepdim=False)
        return torch.stack([evidence, torch.zeros_like(evidence)], dim=1)


def painted(worth: dict[str, float], **options: Any) -> Heatmap:
    """A map that puts a known share on each part."""
    areas = np.bincount(PARTS.ravel(), minlength=len(REGIONS))
    values = np.array([worth[name] for name in REGIONS])[PARTS] / areas[PARTS]
    scale = float(np.abs(values).max()) or 1.0
    return Heatmap((values / scale).astype(np.float32), "crop", "painted", 0, scale, **options)


@pytest.fixture
def noise() -> Tensor:
    """An input (1, 3, S, S) with the same contrast everywhere."""
    return torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 1.5


def test_a_map_that_knows_the_worth_of_every_part_is_borne_out(noise: Tensor) -> None:
    audit = audit_map(Valuing(WORTH), noise, painted(WORTH), PARTS, temperature=4)
    total = sum(WORTH.values())
    for region in audit.regions:
        assert region.relevance == pytest.approx(WORTH[region.name] / total, abs=1e-6)
        assert region.area == pytest.approx(regions_at(region.name).mean())
    assert audit.verdict == "agrees"
    assert audit.agreement > 0.9
    assert audit.p_value < 0.02
    assert audit.agreement > audit.by_area
    assert audit.brightest.name == audit.decisive.name == "mouth"
    assert json.loads(json.dumps(audit.to_json()))["regions"][3]["name"] == "mouth"


def test_a_map_turned_upside_down_is_contradicted(noise: Tensor) -> None:
    reverse = {name: 1.5 - worth for name, worth in WORTH.items()}
    audit = audit_map(Valuing(WORTH), noise, painted(reverse), PARTS, temperature=4)
    assert audit.verdict == "contradicts"
    assert audit.agreement < -0.8


@pytest.mark.parametrize("fill", ["blur", "mean"])
def test_hiding_a_part_takes_only_what_it_is_worth(noise: Tensor, fill: Any) -> None:
    worth = dict.fromkeys(REGIONS, 0.0) | {"mouth": 1.0}
    probability, effects, theta = occlude(Valuing(worth), noise, PARTS, 0, fill=fill)
    assert theta is None
    with torch.no_grad():
        assert probability == pytest.approx(float(Valuing(worth)(noise).softmax(1)[0, 0]), abs=1e-6)
    assert effects[REGIONS.index("mouth")] > 0.2
    others = np.delete(effects, REGIONS.index("mouth"))
    assert np.abs(others).max() < 0.03, "the soft edge of a neighbour takes a little"


def test_a_part_that_speaks_against_the_class_has_a_negative_effect(noise: Tensor) -> None:
    _, effects, _ = occlude(Valuing(WORTH), noise, PARTS, 1, temperature=4)
    assert effects[REGIONS.index("mouth")] < -0.1


def test_nothing_to_check_is_said(noise: Tensor) -> None:
    nothing = dict.fromkeys(REGIONS, 0.0)
    assert audit_map(Valuing(nothing), noise, painted(WORTH), PARTS).verdict == "unmoved"
    empty = audit_map(Valuing(WORTH), noise, painted(nothing), PARTS)
    assert empty.verdict == "empty"
    assert all(region.relevance == 0 for region in empty.regions)


def test_a_signed_map_has_shares_for_and_against_apart() -> None:
    signed = {"brows": -3.0, "eyes": 1.0, "nose": -1.0, "mouth": 3.0, "cheeks": 0.0, "hair": 0.0, "background": 0.0}
    _, relevance, against = shares(painted(signed), None, PARTS)
    np.testing.assert_allclose(relevance, [0, 0.25, 0, 0.75, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(against, [0.75, 0, 0.25, 0, 0, 0, 0], atol=1e-6)


def test_a_map_behind_a_spatial_transformer_is_carried_back_to_the_face() -> None:
    """A dot in the middle of the aligned face came from the mouth, because the window lies on the mouth."""
    rows, columns = np.nonzero(regions_at("mouth"))
    x, y = (2 * np.array([columns.mean(), rows.mean()]) + 1) / SIZE - 1
    theta: Floats = np.array([[0.3, 0, x], [0, 0.3, y]], np.float32)
    values = np.zeros((SIZE, SIZE), np.float32)
    values[14:18, 14:18] = 1
    _, relevance, _ = shares(Heatmap(values, "warped", "dot", 0), theta, PARTS)
    assert relevance[REGIONS.index("mouth")] == pytest.approx(1)
    _, in_the_wrong_frame, _ = shares(Heatmap(values, "crop", "dot", 0), theta, PARTS)
    assert in_the_wrong_frame[REGIONS.index("mouth")] == 0


def test_theta_is_that_of_the_face_with_nothing_hidden(tiny: TinyNet, faces: Tensor) -> None:
    set_theta(tiny, [[0.7, 0.0, 0.2], [0.0, 0.7, 0.0]])
    _, _, theta = occlude(tiny, faces[:1], PARTS, 0)
    np.testing.assert_allclose(theta, [[0.7, 0.0, 0.2], [0.0, 0.7, 0.0]], atol=1e-6)


class BrokenError(Exception):
    """Of a network that fails."""


def test_the_network_is_left_as_it_was_also_after_a_failure(tiny: TinyNet, faces: Tensor) -> None:
    tiny.train()
    state = torch.random.get_rng_state()
    occlude(tiny, faces[:1], PARTS, 0)

    def fail(*_: object) -> None:
        raise BrokenError

    handle = tiny.fc.register_forward_hook(fail)
    before = count_hooks(tiny)
    with pytest.raises(BrokenError):
        occlude(tiny, faces[:1], PARTS, 0)
    assert count_hooks(tiny) == before
    handle.remove()
    assert tiny.training
    assert all(weight.requires_grad for weight in tiny.parameters())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_one_forward_pass_hides_every_part(tiny: TinyNet, faces: Tensor) -> None:
    passes: list[int] = []
    tiny.register_forward_hook(lambda _m, inputs, _o: passes.append(len(inputs[0])))
    occlude(tiny, faces[:1], PARTS, 0)
    without_hair = np.where(regions_at("hair"), REGIONS.index("cheeks"), PARTS)
    _, effects, _ = occlude(tiny, faces[:1], without_hair, 0)
    assert passes == [8, 7]
    assert effects[REGIONS.index("hair")] == 0


def test_another_fill_is_refused(noise: Tensor) -> None:
    with pytest.raises(FerError, match="under 'paint'; choose one of blur, mean"):
        occlude(Valuing(WORTH), noise, PARTS, 0, fill="paint")  # type: ignore[arg-type]


def test_the_service_audits_a_found_face() -> None:
    from fer_explain.analyzer import Analyzer
    from fer_explain.faces.drawn import draw_face

    analyzer = Analyzer()
    [face] = analyzer.detect(draw_face("happy", size=120).pixels).faces
    audit = audit_regions(analyzer, face, "convnext_nano", "hirescam", "sad")
    assert (audit.method, audit.source) == ("hirescam", "landmarks")
    assert analyzer.checkpoint("convnext_nano").config.label_names[audit.target] == "sad"
    assert sum(region.area for region in audit.regions) == pytest.approx(1)
    assert sum(region.relevance for region in audit.regions) == pytest.approx(1)
    [plain] = analyzer.explain([face], "convnext_nano", None)
    with pytest.raises(FerError, match="no heat map to audit"):
        audit_explained(analyzer, plain, "convnext_nano")
