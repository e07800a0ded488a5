"""Drawn faces: every emotion different, one region at a time, and the landmarks where a detector sees them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.faces.drawn import BROWS, EYES, MOUTHS, DrawnFace, draw_face
from fer_explain.faces.mtcnn import load
from fer_explain.types import Box


def changed(first: DrawnFace, second: DrawnFace) -> np.ndarray:
    """Rows and columns (N, 2) of the pixels that differ visibly."""
    return np.argwhere(np.abs(first.pixels.astype(int) - second.pixels).max(axis=2) > 4)


def assert_within(places: np.ndarray, box: Box) -> None:
    assert len(places) > 20
    (top, left), (bottom, right) = places.min(axis=0), places.max(axis=0) + 1
    assert box.x0 - 1 <= left < right <= box.x1 + 1
    assert box.y0 - 1 <= top < bottom <= box.y1 + 1


def test_every_emotion_has_its_brows_eyes_and_mouth() -> None:
    for table in (BROWS, EYES, MOUTHS):
        assert set(table) == set(LABELS)
        assert len({repr(part) for part in table.values()}) == len(LABELS)


@pytest.mark.parametrize("emotion", LABELS)
def test_a_detector_finds_the_face_and_its_landmarks(emotion: str) -> None:
    drawn = draw_face(emotion, size=192, seed=LABELS.index(emotion))
    found = load()(drawn.pixels, 60)
    assert len(found.scores) == 1
    np.testing.assert_allclose(found.landmarks[0], drawn.landmarks, atol=192 * 0.05)
    assert drawn.emotion == emotion


@pytest.mark.parametrize("size", [48, 130])
def test_the_same_arguments_give_the_same_picture(size: int) -> None:
    first, second = (draw_face("Happiness", size=size, seed=3, rotation=10) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.pixels.shape == (size, size, 3)
    assert first.pixels.dtype == np.uint8
    assert first.emotion == "happy"
    assert len(changed(first, draw_face("happy", size=size, seed=4, rotation=10))) > size


@pytest.mark.parametrize("part", ["brows", "eyes", "mouth"])
@pytest.mark.parametrize("emotion", [label for label in LABELS if label != "neutral"])
def test_one_part_changes_only_its_region(part: str, emotion: str) -> None:
    neutral = draw_face("neutral", size=96)
    assert_within(changed(neutral, draw_face("neutral", size=96, **{part: emotion})), neutral.regions[part])


def test_parts_together_make_the_emotion() -> None:
    parts = draw_face("neutral", size=64, brows="fear", eyes="fear", mouth="fear")
    np.testing.assert_array_equal(parts.pixels, draw_face("fear", size=64).pixels)
    assert parts.emotion == "neutral"


def test_a_turned_head_turns_its_landmarks_around_the_middle() -> None:
    upright, turned = draw_face("sad", size=100), draw_face("sad", size=100, rotation=30)
    angle = math.radians(30)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    np.testing.assert_allclose(turned.landmarks - 50, (upright.landmarks - 50) @ rotation.T, atol=1e-3)


def test_the_pupils_are_where_the_landmarks_say() -> None:
    for size in (64, 200):
        drawn = draw_face("surprise", size=size, seed=1, rotation=-20)
        for x, y in drawn.landmarks[:2]:
            assert drawn.pixels[int(y), int(x)].max() < 60


def test_what_is_no_emotion_is_named() -> None:
    with pytest.raises(FerError, match="'smug' is not one of the seven emotions"):
        draw_face("happy", mouth="smug")
