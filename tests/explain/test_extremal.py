"""Extremal perturbations on networks whose answer is known by hand."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pytest
import torch
from tiny_networks import SIZE, TinyNet, tiny_architecture
from torch import Tensor, nn

from fer_explain.explain.extremal import AREAS, ExtremalPerturbation
from fer_explain.explain.hiding import hide, references
from fer_explain.explain.registry import explainer
from fer_explain.explain.squares import squares, without_squares

SPOTS = ((slice(4, 9), slice(4, 9)), (slice(22, 27), slice(22, 27)))


class Spots(nn.Module):
    """Class 0 is as bright as the spots together (``twice=False``), or as the brighter one of them."""

    def __init__(self, *, twice: bool) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(6.0))
        self.twice = twice

    def forward(self, x: Tensor) -> Tensor:
        spots = torch.stack([x[:, 0, rows, columns].mean((1, 2)) for rows, columns in SPOTS], dim=1)
        seen = (8 * spots).logsumexp(1) / 8 if self.twice else spots.sum(1)
        logits = torch.zeros(len(x), 7)
        logits[:, 0] = self.gain * seen
        return logits


@pytest.fixture
def face() -> Tensor:
    face = torch.zeros(1, 3, SIZE, SIZE)
    for rows, columns in SPOTS:
        face[..., rows, columns] = 1
    return face


def raw_map(model: nn.Module, face: Tensor, name: str = "extremal_perturbation", **settings: float | str) -> Tensor:
    [heatmap] = explainer(name, **settings).attribute(model, tiny_architecture(), face, 0).heatmaps
    return torch.from_numpy(heatmap.values) * heatmap.scale


def test_what_stands_twice_is_found_although_neither_is_missed(face: Tensor) -> None:
    """Where either spot is enough, hiding one costs little; shown alone, each keeps the answer."""
    model = Spots(twice=True)
    found = raw_map(model, face, rounds=12)
    outside = torch.ones(SIZE, SIZE, dtype=torch.bool)
    for rows, columns in SPOTS:
        assert found[rows, columns].mean() > found.mean() + found.std()
        outside[rows, columns] = False
    assert found[outside].mean() < found.mean()
    first = raw_map(model, face, rounds=0)
    clear = [
        float((one[rows, columns].mean() - one.mean()) / one.std()) for one in (found, first) for rows, columns in SPOTS
    ]
    assert min(clear[:2]) > min(clear[2:])


@pytest.mark.parametrize("rounds", [0, 6])
def test_its_sums_over_squares_are_what_is_lost_there(face: Tensor, rounds: int) -> None:
    """The network's log-odds are a sum over places, so that nothing stands between the map's unit and the truth."""
    model = Spots(twice=False)
    found = raw_map(model, face, rounds=rounds).double()
    [images] = without_squares(face, 0.3, 1.5, "blurred")
    with torch.no_grad():
        lost = model(face)[:, 0] - model(images)[:, 0]
    sums = torch.einsum("nhw,hw->n", squares(0.3, 1.5, SIZE).double(), found) / (SIZE * SIZE / 100)
    stretch, level = np.polyfit(sums.numpy(), lost.numpy(), 1)
    assert stretch == pytest.approx(1, abs=0.1)
    assert level == pytest.approx(0, abs=0.1 * float(lost.max()))
    assert np.corrcoef(sums, lost)[0, 1] > (0.95 if rounds == 0 else 0.8)


def test_the_search_shows_what_keeps_the_class_and_hides_what_loses_it() -> None:
    torch.manual_seed(3)
    model, face = TinyNet(stn=False).eval(), torch.rand(1, 3, SIZE, SIZE)
    blurred, _ = references(face, "both")

    def gain(found: Tensor) -> float:
        seen = torch.stack([(found > found.quantile(1 - area)).float() for area in (0.2, 0.4, 0.6, 0.8)])
        images = torch.cat([hide(face, 1 - seen, blurred), hide(face, seen, blurred)])
        with torch.no_grad():
            kept, left = model(images).softmax(1)[:, 0].view(2, -1).mean(1)
        return float(kept - left)

    assert gain(raw_map(model, face, rounds=20)) > gain(raw_map(model, face, rounds=0))


def test_masks_of_all_areas_are_nested_and_as_large_as_they_should_be() -> None:
    method = ExtremalPerturbation(areas=4)
    relevance = torch.rand(1, 1, 6, 6).repeat_interleave(8, 2).repeat_interleave(8, 3)
    sizes = []
    for step in range(8):
        masks = method._level_sets(relevance, step)
        assert (masks.diff(dim=0) >= 0).all()
        sizes += masks.gt(0.5).float().mean((1, 2)).tolist()
    assert min(sizes) >= AREAS[0] - 0.03
    assert max(sizes) <= AREAS[1] + 0.03
    hits, _ = np.histogram(sizes, bins=8, range=(0, 1))
    assert hits.min() >= 2, "the steps leave out areas"


def test_a_network_that_does_not_look_gets_a_flat_map(face: Tensor) -> None:
    class Blind(Spots):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(0 * x)

    found = raw_map(Blind(twice=False), face)
    assert torch.isfinite(found).all()
    assert float(np.ptp(found.numpy())) < 1e-6


class Rough(Spots):
    """A network that a little noise throws: its answer also hangs on a fine pattern all over the face."""

    def forward(self, x: Tensor) -> Tensor:
        pattern = torch.sin(400 * x[:, 0])
        logits = super().forward(x)
        logits[:, 0] = logits[:, 0] + 4 * pattern.mean((1, 2))
        return logits


def test_the_mean_of_noisy_copies_steadies_the_map_of_a_rough_network(face: Tensor) -> None:
    model, other = Rough(twice=False), face + 0.02 * torch.rand(face.shape, generator=torch.Generator().manual_seed(1))

    def change(**settings: float) -> float:
        one, two = (raw_map(model, picture, **settings) for picture in (face, other))
        return float((two - one).norm() / one.norm())

    assert change(noise=0.03, samples=8) < 0.8 * change()


def test_noise_is_drawn_the_same_every_time(face: Tensor) -> None:
    settings = {"noise": 0.03, "samples": 2}
    first, again = (raw_map(Spots(twice=False), face, **settings) for _ in range(2))
    torch.testing.assert_close(first, again)
    assert not torch.allclose(first, raw_map(Spots(twice=False), face))


def test_several_samples_tell_small_places_better(face: Tensor) -> None:
    """Squares of one size meet a spot in few ways; of several sizes, in many."""

    def on_spots(**settings: float) -> float:
        found = raw_map(Spots(twice=False), face, rounds=0, noise=0.001, **settings).clamp(min=0)
        return float(sum(found[place].sum() for place in SPOTS) / found.sum())

    assert on_spots(samples=8) > 1.1 * on_spots()


def test_progress_counts_the_squares_of_every_sample(face: Tensor) -> None:
    shares: list[float] = []

    def turn(share: float) -> AbstractContextManager[object]:
        shares.append(share)
        return nullcontext()

    explainer("extremal_perturbation", samples=3, rounds=2).attribute(
        Spots(twice=False), tiny_architecture(), face, 0, turn=turn
    )
    assert shares == sorted(shares)
    assert shares[-1] < 1
    assert shares[-1] > 0.9
