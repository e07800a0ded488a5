"""The search for the smallest flipping set, on networks whose smallest set is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from test_intervene import FACE, lender
from tiny_networks import TinyNet, count_hooks
from torch import Tensor, nn

from fer_explain.errors import FerError
from fer_explain.explain.flip import find_flip, smallest_flip
from fer_explain.explain.intervene import override_gate
from fer_explain.explain.turns import Stopped, in_steps
from fer_explain.models.layers.gates import make_gate


class Voting(nn.Module):
    """An SE gate that is wide open, then one vote per channel; the channels' maps are all ones."""

    def __init__(self, votes: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.se = make_gate("se", votes.shape[1], init="plain")
        self.fc = nn.Linear(votes.shape[1], len(votes))
        with torch.no_grad():
            for weight in self.se.parameters():
                weight.zero_()
            self.se.fc2.bias.fill_(100.0)  # sigmoid: 1
            self.fc.weight.copy_(votes)
            self.fc.bias.copy_(bias)

    def forward(self, x: Tensor) -> Tensor:
        ones = x.mean().mul(0).add(1).expand(len(x), self.fc.in_features, 4, 4).contiguous()
        logits: Tensor = self.fc(self.se(ones).mean((2, 3)))
        return logits


def voting(*votes: float, lead: float = 0.0) -> Voting:
    """Class 0 has the sum of the votes, class 1 has ``lead``."""
    return Voting(torch.tensor([votes, [0.0] * len(votes)]), torch.tensor([0.0, lead])).eval()


X = torch.zeros(1, 3, 8, 8)


def test_one_decisive_channel_is_found_and_proven():
    flip = smallest_flip(voting(0.1, 5.0, 0.2, 0.1, lead=1.0), X, "se")
    assert flip.channels == (1,)
    assert flip.proven
    assert (flip.before.argmax(), flip.after.argmax()) == (0, 1)
    np.testing.assert_allclose(flip.after, [0.4, 1.0], atol=1e-5)


def test_the_true_smallest_set_of_several_is_found_and_proven():
    # Total 10 against 4.5: what is removed must exceed 5.5, which takes 3 + 2 + 1 and no two.
    flip = smallest_flip(voting(3.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, lead=4.5), X, "se")
    assert len(flip.channels) == 3
    assert flip.proven
    assert {0, 2} < set(flip.channels)


def test_where_greed_fails_trying_all_sets_succeeds():
    """Channels 0 and 1 vote for the winner only together, so alone each does nothing."""

    class Pair(Voting):
        def forward(self, x: Tensor) -> Tensor:
            gated = self.se(torch.ones(len(x), self.fc.in_features, 4, 4) + 0 * x.mean()).mean((2, 3))
            either = torch.maximum(gated[:, 0], gated[:, 1])
            rest = gated[:, 2:].sum(1)
            return torch.stack([4 * either + rest, torch.full_like(rest, 5.0)], dim=1)

    model = Pair(torch.zeros(2, 8), torch.zeros(2)).eval()
    flip = smallest_flip(model, X, "se")  # 4 + 6 against 5: six of the rest would do, or the pair and two more
    smaller = [
        channels
        for size in range(1, len(flip.channels))
        for channels in combinations(range(8), size)
        if _without(model, channels).argmax() != 0
    ]
    assert not smaller
    assert flip.proven
    assert _without(model, flip.channels).argmax() == 1


def _without(model: nn.Module, channels: tuple[int, ...]) -> Tensor:
    factors = torch.ones(8)
    factors[list(channels)] = 0
    with torch.no_grad(), override_gate(model, "se", factors):
        logits: Tensor = model(X)[0]
    return logits


def test_no_claim_of_the_smallest_set_when_not_all_could_be_tried():
    flip = smallest_flip(voting(*[1.0] * 40, lead=19.5), X, "se", runs=300)
    assert len(flip.channels) == 21
    assert not flip.proven
    assert flip.tried_up_to == 1
    assert flip.runs <= 300


def test_a_gate_that_decides_nothing_has_no_set():
    flip = smallest_flip(voting(0.1, 0.2, lead=-5.0), X, "se")
    assert flip.channels == ()
    assert not flip.proven
    np.testing.assert_array_equal(flip.after, flip.before)


@pytest.mark.parametrize("layer", ["se", "eca", "cbam.channel"])
def test_every_kind_of_gate_and_what_is_claimed_is_so(tiny: TinyNet, faces: Tensor, layer: str):
    hooks, before = count_hooks(tiny), tiny(faces).detach()
    flip = smallest_flip(tiny, faces[:1], layer)
    if flip.channels:
        factors = torch.ones(8)
        factors[list(flip.channels)] = 0
        with torch.no_grad(), override_gate(tiny, layer, factors):
            np.testing.assert_allclose(tiny(faces[:1])[0].numpy(), flip.after, atol=1e-5)
        assert flip.after.argmax() != flip.before.argmax()
    np.testing.assert_allclose(flip.before, before[0].numpy(), atol=1e-6)
    assert count_hooks(tiny) == hooks
    assert torch.equal(tiny(faces), before)
    assert all(weight.requires_grad and weight.grad is None for weight in tiny.parameters())


def test_it_can_be_stopped_and_leaves_nothing_behind(tiny: TinyNet):
    steps = in_steps(lambda report: find_flip(lender(tiny), FACE, "se", report=report))
    assert next(steps) == 0
    steps.close()
    assert count_hooks(tiny) == 0

    def stop(share: float) -> None:
        if share:
            raise Stopped

    with pytest.raises(Stopped):
        find_flip(lender(tiny), FACE, "se", report=stop)
    assert count_hooks(tiny) == 0


def test_a_gate_over_places_and_a_batch_are_refused(tiny: TinyNet, faces: Tensor):
    with pytest.raises(FerError, match="weighs places"):
        smallest_flip(tiny, faces[:1], "cbam.spatial")
    with pytest.raises(ValueError, match="one face"):
        smallest_flip(tiny, faces, "se")
