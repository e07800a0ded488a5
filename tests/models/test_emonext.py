"""EmoNeXt against the published numbers and the regulariser's formula."""

from __future__ import annotations

import pytest
import torch

from fer_explain.models import create_model
from fer_explain.models.layers.attention import SelfAttentionRegularizer, attention_loss
from fer_explain.models.layers.gates import find_gates
from training.loss import attention_penalty

PUBLISHED = {"tiny": 30.6, "small": 52.2, "base": 91.8, "large": 204.6, "xlarge": 362.3}


@pytest.mark.parametrize(("size", "millions"), PUBLISHED.items())
def test_parameters_at_224_are_the_published_ones(size: str, millions: float) -> None:
    with torch.device("meta"):
        model = create_model(f"emonext_{size}", se_placement="downsample")
    count = sum(parameter.numel() for parameter in model.parameters())
    assert round(count / 1e6, 1) == millions


@pytest.mark.parametrize(("placement", "count"), [("stage", 4), ("downsample", 3), ("none", 0)])
def test_se_sits_where_it_is_told(placement: str, count: int) -> None:
    model = create_model("emonext_nano", se_placement=placement)
    assert len(find_gates(model)) == count
    assert all(("downsample" in path) == (placement == "downsample") for path in find_gates(model))


def test_a_wrong_placement_is_refused() -> None:
    with pytest.raises(ValueError, match="se_placement"):
        create_model("emonext_nano", se_placement="stages")


def test_the_attention_branch_never_touches_the_logits() -> None:
    torch.manual_seed(0)
    model = create_model("emonext_nano", drop_path=0.0).eval()
    x = torch.randn(3, 3, 48, 48)
    before = model(x)
    with torch.no_grad():
        for parameter in model.attention.parameters():
            parameter.normal_()
    torch.testing.assert_close(model(x), before)
    with attention_penalty(model) as penalties:
        model(x)
        assert penalties == []  # eval mode: it does not even run
        model.train()(x)
        assert len(penalties) == 1
    model(x)
    assert len(penalties) == 1  # the hook is gone


@pytest.mark.parametrize("n", [1, 2, 16])
def test_the_loss_vanishes_for_one_sample_and_keeps_its_bound(n: int) -> None:
    hardest = torch.eye(n)  # each row sums to one and is as uneven as can be
    assert attention_loss(hardest).item() == pytest.approx((1 / n) * (1 - 1 / n))
    assert attention_loss(torch.full((n, n), 1 / n)).item() == pytest.approx(0)
    weights = SelfAttentionRegularizer(8)(torch.randn(n, 8, 2, 2), torch.randn(n, 8))
    assert 0 <= attention_loss(weights).item() <= (1 / n) * (1 - 1 / n) + 1e-7


def test_scores_are_divided_by_the_fourth_root_of_the_width() -> None:
    branch, pooled = SelfAttentionRegularizer(16), torch.randn(5, 16)
    scores = branch.query(pooled) @ branch.key(pooled).T / 16**0.25
    torch.testing.assert_close(branch(torch.randn(5, 16, 2, 2), pooled), scores.softmax(-1))


def test_tokens_attend_within_one_image() -> None:
    branch = SelfAttentionRegularizer(8, "tokens")
    assert branch(torch.randn(3, 8, 4, 5), torch.randn(3, 8)).shape == (3, 20, 20)
    with pytest.raises(ValueError, match="attention_over"):
        SelfAttentionRegularizer(8, "pixels")  # type: ignore[arg-type]
