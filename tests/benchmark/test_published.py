import math

import pytest
from scipy.stats import binomtest

from fer_explain.benchmark.published import (
    FLAGS,
    TEST_IMAGES,
    claims,
    claims_of,
    gap,
    unpaired_difference,
    wilson_interval,
)
from fer_explain.errors import FerError
from fer_explain.models import list_models


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: f"{claim.paper.key}:{claim.name}")
def test_a_claim_is_complete_and_its_flags_are_explained(claim) -> None:
    assert 0.5 < claim.accuracy < 1
    assert claim.split in ("test", "validation", "train", "unstated")
    assert set(claim.flags) <= FLAGS.keys()
    assert (claim.split == "validation") == ("validation" in claim.flags)
    assert claim.architecture in ("", *list_models())


def test_no_claim_stands_twice() -> None:
    keys = [(claim.paper.key, claim.name, claim.dataset, claim.split) for claim in claims()]
    assert len(set(keys)) == len(keys)


def test_claims_of_one_paper() -> None:
    assert {claim.accuracy for claim in claims_of("emonext_nosa")} == {0.7295}
    with pytest.raises(FerError, match="choose one of emonext, "):
        claims_of("nobody")


def test_claims_that_cannot_be_test_accuracies_are_doubtful() -> None:
    doubtful = {claim.name for claim in claims() if claim.doubtful}
    assert {"ResNet50 + MobileNetV2 + CBAM-CNN", "CNN, Krishna 2022", "VGG19"} <= doubtful
    assert not {"EmoNeXt-Tiny", "EmoNeXt-Tiny (No-SA)", "Swin-SE-ResNet"} & doubtful


@pytest.mark.parametrize(("hits", "n"), [(7, 10), (2500, 3589), (0, 5)])
def test_wilson_interval_as_scipy_computes_it(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson_interval(hits / n, n) == pytest.approx((expected.low, expected.high))


def test_an_unpaired_difference_as_newcombe_works_it_out() -> None:
    """Newcombe 1998, table II, example (a): 56/70 - 48/80 by method 10."""
    difference = unpaired_difference(56 / 70, 70, 48 / 80, 80)
    assert difference.value == pytest.approx(0.2)
    assert difference.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_gap_between_emonext_with_and_without_attention_is_smaller_than_the_noise() -> None:
    with_attention = next(claim for claim in claims_of("emonext") if claim.name == "EmoNeXt-Tiny")
    difference = gap(0.7295, TEST_IMAGES, with_attention)
    assert difference.value == pytest.approx(-0.0039)
    assert not difference.interval.excludes_zero


def test_other_data_cannot_be_set_against_fer2013() -> None:
    affectnet = next(claim for claim in claims() if "AffectNet" in claim.dataset)
    assert affectnet.interval is None
    with pytest.raises(ValueError, match="AffectNet"):
        gap(0.7, TEST_IMAGES, affectnet)


def test_an_interval_is_about_one_and_a_half_points_wide_at_3589_images() -> None:
    low, high = claims_of("emonext_nosa")[0].interval
    assert math.isclose(high - low, 2 * 0.0145, abs_tol=2e-4)
