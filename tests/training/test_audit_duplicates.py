"""Planted copies are found whatever was done to them, strangers are not, and every one is counted where it lies."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fer_explain.types import Pixels
from training.audit import duplicates
from training.audit.duplicates import THRESHOLD, drop_leaks, duplicate_groups, leaked, leaks, near_duplicates
from training.data import SPLITS, FaceSet, ImageForm, load_split

N = 60
RNG = np.random.default_rng(5)


def faces(n: int, seed: int) -> Pixels:
    """Pictures (n, 64, 64) with the 1/f spectrum of photos (Field 1987), that share a face and light from one side."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64)) + 1 / 64
    own = np.fft.ifft2(np.fft.fft2(rng.normal(size=(n, 64, 64))) / frequency**1.2).real
    own *= 40 / own.std((1, 2), keepdims=True)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    face = 60 * (x**2 + y**2 < 0.6) - 50 * ((np.abs(x) - 0.3) ** 2 + (y + 0.2) ** 2 < 0.02)
    light = rng.choice([-70, 70], (n, 1, 1)) * x
    return (120 + face + light + own).clip(0, 255).astype(np.uint8)


def face_set(images: Pixels, split: str = "train") -> FaceSet:
    n = len(images)
    return FaceSet("planted", split, images, np.arange(n) % 7, np.arange(n) + 1000)


def middle(images: Pixels, down: int = 0, right: int = 0) -> Pixels:
    return images[:, 8 + down : 56 + down, 8 + right : 56 + right]


def as_uint8(values: np.ndarray) -> Pixels:
    return values.round().clip(0, 255).astype(np.uint8)


COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "the same pixels": middle,
    "mirrored": lambda x: middle(x)[:, :, ::-1],
    "one pixel right": lambda x: middle(x, 0, 1),
    "four pixels up and left": lambda x: middle(x, -4, -4),
    "two down, three right, mirrored": lambda x: middle(x, 2, 3)[:, :, ::-1],
    "noise": lambda x: as_uint8(middle(x) + RNG.normal(0, 8, (len(x), 48, 48))),
    "darker and flatter": lambda x: as_uint8(middle(x) * 0.6 + 10),
    "brighter": lambda x: as_uint8(middle(x) + 20.0),
    "reduced and enlarged": lambda x: as_uint8(gaussian_filter(middle(x).astype(float), (0, 0.8, 0.8))),
    "shifted, darker, noisy, mirrored": lambda x: as_uint8(
        middle(x, 2, -2)[:, :, ::-1] * 0.8 + RNG.normal(0, 4, (len(x), 48, 48))
    ),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_planted_copies_are_found_and_nothing_else(copy: Callable[[Pixels], Pixels]) -> None:
    large = faces(N, 0)
    copied = np.arange(0, N, 5)
    pairs = near_duplicates(face_set(np.concatenate([middle(large), copy(large[copied])])))
    expected = [(int(place), N + order) for order, place in enumerate(copied)]
    assert list(zip(pairs["a"], pairs["b"], strict=True)) == expected


@pytest.mark.parametrize(
    ("down", "right", "mirrored"), [(-4, -3, False), (0, 1, True), (3, 4, False), (-2, 4, True), (1, -1, False)]
)
def test_shift_and_mirroring_are_told(down: int, right: int, mirrored: bool) -> None:
    large = faces(N, 1)
    moved = middle(large[:3], down, right)  # its window lies lower, so its content lies higher
    moved = moved[:, :, ::-1] if mirrored else moved
    pairs = near_duplicates(face_set(middle(large)), face_set(moved))
    assert pairs["a"].tolist() == pairs["b"].tolist() == [0, 1, 2]
    assert (pairs["mirrored"] == mirrored).all()
    assert (pairs["down"] == down).all()
    assert (pairs["right"] == (-right if mirrored else right)).all()


def test_both_sides_tell_the_same_pairs() -> None:
    large = faces(N, 11)
    noisy = as_uint8(middle(large[:30], 1, 2)[:, :, ::-1] + RNG.normal(0, 25, (30, 48, 48)))
    one, other = face_set(middle(large)), face_set(np.concatenate([noisy, middle(large[30:40], -2, 3)]), "test")
    there, back = near_duplicates(one, other), near_duplicates(other, one)
    assert len(there) > 20
    merged = there.merge(back, left_on=["a", "b"], right_on=["b", "a"], suffixes=("", "_back"))
    assert len(merged) == len(there) == len(back)
    assert (merged["similarity"] == merged["similarity_back"]).all()
    assert (merged["down"] == -merged["down_back"]).all()
    assert (merged["right"] == merged["right_back"].where(merged["mirrored"], -merged["right_back"])).all()
    assert merged.loc[merged["mirrored"], ["down", "right"]].mode().to_numpy().tolist() == [[1, -2]]
    assert merged.loc[~merged["mirrored"], ["down", "right"]].mode().to_numpy().tolist() == [[-2, 3]]


def test_exact_and_near_are_told_apart() -> None:
    images = middle(faces(N, 2))
    changed = images[1].copy()
    changed[20, 20] ^= 1
    pairs = near_duplicates(face_set(np.concatenate([images, images[:1], changed[None], images[2:3, :, ::-1]])))
    assert pairs[["a", "b", "kind", "mirrored"]].to_numpy().tolist() == [
        [0, N, "exact", False],
        [1, N + 1, "near", False],
        [2, N + 2, "exact", True],
    ]
    assert pairs.loc[pairs["kind"] == "exact", "similarity"].eq(1).all()
    assert pairs["similarity"].between(THRESHOLD, 1).all()


def test_strangers_in_the_same_light_are_no_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    images = as_uint8(middle(faces(40, 3)) * 0.4 + np.linspace(0, 150, 48))  # all lit from the right
    assert near_duplicates(face_set(images)).empty
    monkeypatch.setattr(duplicates, "_CANDIDATE", -2.0)  # judge all pairs, whatever their signatures say
    assert near_duplicates(face_set(images)).empty
    alike = np.corrcoef(images.reshape(40, -1).astype(float))[~np.eye(40, dtype=bool)].max()
    assert alike > THRESHOLD, "without taking the light away some strangers would have passed"


def test_blank_images_match_only_pixel_for_pixel() -> None:
    images = np.concatenate([middle(faces(20, 4)), np.zeros((2, 48, 48), np.uint8), np.full((1, 48, 48), 9, np.uint8)])
    pairs = near_duplicates(face_set(images))
    assert pairs[["a", "b", "kind"]].to_numpy().tolist() == [[20, 21, "exact"]]


def test_colour_and_size_do_not_hide_a_duplicate() -> None:
    large = faces(30, 6)
    enlarged = np.repeat(np.repeat(middle(large[:4]), 2, axis=1), 2, axis=2)
    colour = np.repeat(enlarged[..., None], 3, axis=-1)
    pairs = near_duplicates(face_set(middle(large)), face_set(colour, "test"))
    assert pairs["a"].tolist() == pairs["b"].tolist() == [0, 1, 2, 3]
    assert (pairs["kind"] == "near").all()


def test_leaks_are_marked_on_either_side_and_dropped() -> None:
    large = faces(N, 7)
    train = face_set(middle(large))
    strangers = middle(faces(10, 8))
    test = face_set(np.concatenate([strangers, middle(large[[3, 17]], 1, 2)[:, :, ::-1]]), "test")
    validation = face_set(np.concatenate([strangers, middle(large[[17, 40]])]), "validation")
    assert np.flatnonzero(leaks(train, test)).tolist() == [3, 17]
    assert np.flatnonzero(leaked(test, train)).tolist() == [10, 11]
    kept, dropped = drop_leaks(train, [validation, test])
    assert dropped == 3
    assert sorted(set(train.rows) - set(kept.rows)) == [1003, 1017, 1040]
    assert not leaks(kept, test).any()
    assert drop_leaks(kept, [validation, test])[1] == 0


def test_duplicates_of_duplicates_are_one_group() -> None:
    images = middle(faces(12, 9))
    pairs = near_duplicates(face_set(images[[0, 1, 2, 1, 4, 1, 6, 0]]))
    groups = duplicate_groups(pairs, 8)
    assert groups[1] == groups[3] == groups[5] != groups[0] == groups[7]
    assert len(set(groups)) == 5


@pytest.mark.parametrize("n", [0, 1])
def test_sets_too_small_for_a_pair(n: int) -> None:
    none = near_duplicates(face_set(middle(faces(3, 0))[:n]))
    assert none.empty
    assert none.dtypes[["a", "b", "mirrored"]].tolist() == [np.int64, np.int64, np.bool_]
    assert leaks(face_set(middle(faces(3, 0))), face_set(middle(faces(3, 1))[:n])).tolist() == [False] * 3


def test_order_of_the_faces_does_not_matter() -> None:
    large = faces(N, 10)
    images = np.concatenate([middle(large), middle(large[:6], 1, 1)])
    order = np.random.default_rng(0).permutation(len(images))
    found = near_duplicates(face_set(images[order]))
    pairs = {frozenset((int(order[a]), int(order[b]))) for a, b in zip(found["a"], found["b"], strict=True)}
    assert pairs == {frozenset((place, N + place)) for place in range(6)}


@pytest.mark.skipif("FER_EXPLAIN_DATA" not in os.environ, reason="needs FER2013: set FER_EXPLAIN_DATA to its folder")
def test_changed_copies_of_fer2013_faces_are_found() -> None:
    whole = load_split(os.environ["FER_EXPLAIN_DATA"], SPLITS[1], ImageForm()).head(1500)
    x = whole.images[::10].astype(float)
    shifted = np.pad(x, ((0, 0), (2, 2), (2, 2)), mode="edge")[:, :48, 3:51]
    noisy = as_uint8(shifted[:, :, ::-1] * 0.8 + RNG.normal(0, 6, shifted.shape))
    assert leaked(face_set(noisy), whole).mean() > 0.97
