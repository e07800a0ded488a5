"""The machinery of the receipt: exact on cases with a known answer, reproducible, cancellable, without a trace."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from test_explainers import disturb, state
from tiny_networks import SIZE, TinyNet, tiny_architecture
from torch import Tensor, nn

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.base import Attribution, Case, Explainer, observe, to_heatmaps
from fer_explain.explain.faithfulness import Receipt, baselines, examine, make_receipt, receipt
from fer_explain.explain.faithfulness.infidelity import _unexplained
from fer_explain.explain.faithfulness.randomisation import _correlation
from fer_explain.explain.gradcam import GradCam
from fer_explain.explain.registry import explainer
from fer_explain.faces.preprocess import preprocess
from fer_explain.types import Box, Face, InputSpec

CHECKS = ["curves", "road", "infidelity", "randomisation", "sensitivity"]


class Corner(nn.Module):
    """Class 1 is the brightness of the top left quarter; nothing else counts."""

    def forward(self, x: Tensor) -> Tensor:
        score = 6 * x[:, :, : SIZE // 2, : SIZE // 2].mean((1, 2, 3))
        return torch.stack([-score, score], 1)


@dataclass(frozen=True)
class Fixed(Explainer):
    """The same map for every face."""

    name = "fixed"
    title = "Fixed"
    description = "The same map for every face."

    def _attribute(self, case: Case) -> Attribution:
        with case.alone(gradients=False) as model:
            told = observe(model, case.x)
        raw = np.repeat(self.map()[None], len(case.x), 0).astype(np.float32)
        heatmaps = to_heatmaps(raw, (SIZE, SIZE), frame="crop", method="fixed", targets=case.targets or [1])
        return Attribution(told.logits, told.trace, heatmaps)

    def map(self) -> np.ndarray:
        values = np.zeros((SIZE, SIZE))
        values[: SIZE // 2, : SIZE // 2] = 1
        return values


@dataclass(frozen=True)
class Opposite(Fixed):
    def map(self) -> np.ndarray:
        return 1 - super().map()


@dataclass(frozen=True)
class Empty(Fixed):
    def map(self) -> np.ndarray:
        return np.zeros((SIZE, SIZE))


@pytest.fixture
def bright() -> Tensor:
    """A face (1, 3, S, S) that is bright where the corner network looks."""
    x = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) - 1
    x[..., : SIZE // 2, : SIZE // 2] += 1.2
    return x


def face_of(seed: int = 0) -> Face:
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 48, 3), dtype=np.uint8)
    return Face(pixels, Box(0, 0, 48, 48), np.array([[24, 0, 24], [0, 24, 24]], np.float32))


def corner(bright: Tensor, explainer: Explainer) -> dict[str, Any]:
    told = examine(Corner(), tiny_architecture(), bright, explainer, 1)
    return {check.name: check for check in told.checks}


def test_a_map_of_what_the_network_uses_passes_where_places_matter(bright: Tensor) -> None:
    checks = corner(bright, Fixed())
    assert all(checks[name].passed for name in ("curves", "road", "infidelity"))
    assert checks["sensitivity"].value == 0
    # It is the same whatever the weights are, so it does not show what was learned.
    assert checks["randomisation"].value == pytest.approx(1)
    assert not checks["randomisation"].passed


def test_a_map_of_everything_else_fails(bright: Tensor) -> None:
    checks = corner(bright, Opposite())
    assert not any(checks[name].passed for name in ("curves", "road", "infidelity"))


def test_an_empty_map_passes_nothing(bright: Tensor) -> None:
    told = examine(Corner(), tiny_architecture(), bright, Empty(), 1)
    assert told.passed == 0
    assert told.verdict.startswith("passed 0 of 5 checks; failed: curves, road")


def test_a_receipt_holds_what_was_compared(tiny: TinyNet, faces: Tensor) -> None:
    told = examine(tiny, tiny_architecture(), faces[:1], GradCam())
    assert [check.name for check in told.checks] == CHECKS
    for check in told.checks[:3]:
        assert len(check.random) == baselines.RANDOM
        rivals = [*check.random, check.centre]
        beaten = [check.value > other if check.higher_is_better else check.value < other for other in rivals]
        assert check.passed == all(beaten)
    for name in ("deletion", "insertion", "road"):
        curve = told.curves[name]
        assert len(curve.values) == len(curve.shares) == len(curve.centre) == len(curve.random[0])
        assert np.all((np.array(curve.values) >= 0) & (np.array(curve.values) <= 1))
    assert told.curves["deletion"].values[0] == told.curves["insertion"].values[-1] == told.probability
    written = json.loads(json.dumps(told.to_json()))
    assert written["verdict"] == told.verdict
    assert written["checks"][0]["bar"] == told.checks[0].bar


def test_the_same_face_gets_the_same_receipt_and_progress_ends_at_one(tiny: TinyNet, faces: Tensor) -> None:
    shares: list[float] = []
    torch.manual_seed(1)
    first = examine(tiny, tiny_architecture(), faces[:1], GradCam(), 2, progress=shares.append)
    torch.manual_seed(2)
    again = examine(tiny, tiny_architecture(), faces[:1], GradCam(), 2)
    assert first.checks == again.checks
    assert first.curves == again.curves
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(1)
    assert len(shares) > 10


def test_the_network_is_left_as_it_was_found(tiny: TinyNet, faces: Tensor) -> None:
    disturb(tiny)
    before = state(tiny)
    examine(tiny, tiny_architecture(), faces[:1], GradCam())
    assert state(tiny) == before


@pytest.mark.parametrize("limit", [0.0, 0.3, 0.8, 0.95])
def test_a_cancelled_test_leaves_no_trace(tiny: TinyNet, faces: Tensor, limit: float) -> None:
    def progress(share: float) -> None:
        if share >= limit:
            raise InterruptedError

    disturb(tiny)
    before = state(tiny)
    with pytest.raises(InterruptedError):
        examine(tiny, tiny_architecture(), faces[:1], GradCam(), progress=progress)
    assert state(tiny) == before


def test_a_random_map_has_the_same_values_elsewhere_and_is_as_smooth() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    own = np.maximum(np.exp(-((rows - 8) ** 2 + (columns - 20) ** 2) / 60) - 0.2, 0)
    for _ in range(5):
        other = baselines.random_map(own, rng)
        np.testing.assert_array_equal(np.sort(other, axis=None), np.sort(own, axis=None))
        assert abs(spearmanr(own, other, axis=None).statistic) < 0.9
        assert np.abs(np.diff(other)).mean() < 4 * np.abs(np.diff(own)).mean()


def test_ties_fall_by_lot_and_the_most_relevant_place_comes_first() -> None:
    own = np.zeros((1, 8, 8))
    own[0, 5, 3] = 1
    one, other = (baselines.ranks(own, np.random.default_rng(seed))[0] for seed in (0, 1))
    assert one[5, 3] == other[5, 3] == 0
    assert sorted(one.ravel()) == list(range(64))
    assert (one != other).mean() > 0.5


def test_infidelity_is_what_least_squares_leave() -> None:
    rng = np.random.default_rng(0)
    maps, squares = rng.random((3, 6, 6)), torch.from_numpy(rng.random((20, 6, 6)) > 0.6)
    drops = (maps[0] * squares.numpy()).sum((1, 2)) * 2.5
    sums = (maps[:, None] * squares.numpy()).sum((2, 3))
    expected = [np.linalg.lstsq(own[:, None], drops)[1][0] / (drops**2).sum() for own in sums]
    np.testing.assert_allclose(_unexplained(maps, squares, drops), expected, atol=1e-9)
    assert expected[0] == pytest.approx(0, abs=1e-9)


def test_rank_correlation_is_scipys_and_nothing_resembles_a_flat_map() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 9, 9)).round(1)
    assert _correlation(a, b) == pytest.approx(spearmanr(a, b, axis=None).statistic)
    assert _correlation(a, np.ones_like(a)) == 0


class OneNetwork(Analyzer):
    """An analyzer of the tiny network, which counts how often it is borrowed and how long."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.lock, self.borrowed, self.asked = model, threading.RLock(), 0, 0

    @contextmanager
    def borrow(self, model: str | None = None) -> Any:
        from types import SimpleNamespace

        self.borrowed += 1
        spec = InputSpec(SIZE)
        config = SimpleNamespace(input=spec, temperature=1.5, label_names=tuple("abcdefg"))
        with self.lock:
            yield SimpleNamespace(model=self.model, config=config, name="tiny"), tiny_architecture()

    def explain(
        self, faces: Any, model: Any = None, method: Any = "gradcam", target: Any = None, **parameters: Any
    ) -> Any:
        from fer_explain.explain.inputs import batch
        from fer_explain.explain.registry import explain
        from fer_explain.explain.results import per_face

        self.asked += 1
        with self.borrow(model) as (checkpoint, architecture):
            spec = checkpoint.config.input
            told = explain(self.model, architecture, batch(faces, spec), target, method, **parameters)
        return per_face(told, faces, spec=spec, labels=tuple("abcdefg"), temperature=1.5)


def test_a_receipt_is_made_once_per_face_method_target_and_setting(tiny: TinyNet) -> None:
    analyzer = OneNetwork(tiny)
    first = make_receipt(analyzer, face_of(), target=1)
    assert make_receipt(analyzer, face_of(), target=1) is first
    assert analyzer.asked == 1
    assert analyzer.borrowed > 10, "the network is given back between the steps"
    others = [
        make_receipt(analyzer, face_of(1), target=1),
        make_receipt(analyzer, face_of(), target=2),
        make_receipt(analyzer, face_of(), method="hirescam", target=1),
        make_receipt(analyzer, face_of(), target=1, layer="stem"),
    ]
    assert len({id(one) for one in [first, *others]}) == 5
    assert all(isinstance(one, Receipt) for one in others)
    kept = receipt._kept[tiny]
    assert face_of().pixels.tobytes() not in repr(kept).encode()


def test_a_map_that_is_at_hand_is_not_worked_out_again(tiny: TinyNet) -> None:
    analyzer = OneNetwork(tiny)
    [analysis] = analyzer.explain([face_of()], target=1)
    told = make_receipt(analyzer, face_of(), target=1, analysis=analysis)
    assert analyzer.asked == 1
    receipt._kept.pop(tiny)
    again = make_receipt(analyzer, face_of(), target=1)
    assert analyzer.asked == 2
    assert [check.value for check in told.checks] == pytest.approx([check.value for check in again.checks])


def test_a_slow_explanation_is_asked_for_fewer_maps_and_judged_the_same(tiny: TinyNet) -> None:
    settings = {"window": 0.5, "overlap": 0.25}
    shares: list[float] = []
    told = make_receipt(OneNetwork(tiny), face_of(), None, "occlusion", 1, progress=shares.append, **settings)
    way, x = explainer("occlusion", **settings), preprocess(face_of(), tiny_architecture().input)
    whole = examine(tiny, tiny_architecture(), x, way, 1, temperature=1.5)
    assert [check.passed for check in told.checks] == [check.passed for check in whole.checks]
    assert "randomisation" in whole.curves
    assert "randomisation" not in told.curves
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_no_more_receipts_are_kept_than_fit_and_none_of_a_cancelled_test(
    tiny: TinyNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipt, "KEPT", 2)
    analyzer = OneNetwork(tiny)
    for seed in range(3):
        make_receipt(analyzer, face_of(seed))
    assert len(receipt._kept[tiny]) == 2

    def progress(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        make_receipt(analyzer, face_of(7), progress=progress)
    assert len(receipt._kept[tiny]) == 2
    make_receipt(analyzer, face_of(2), progress=progress)  # known: no step is taken


def test_an_unknown_method_is_named(tiny: TinyNet) -> None:
    with pytest.raises(FerError, match="no explanation 'magic'"):
        make_receipt(OneNetwork(tiny), face_of(), method="magic")
