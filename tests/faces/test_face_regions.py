"""The layout of a face's parts, against drawn faces on which it is known where each part lies."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_explain.emotions import LABELS
from fer_explain.faces.crop import crop_face
from fer_explain.faces.drawn import DrawnFace, draw_face
from fer_explain.faces.regions import CANONICAL_LANDMARKS, REGIONS, face_regions, region_source
from fer_explain.types import Box, Face

SIZE = 96


def whole(drawn: DrawnFace, landmarks: bool = True) -> Face:
    """The whole drawing as the crop, so that its pixels are the crop's."""
    box = Box(0, 0, SIZE, SIZE)
    return crop_face(drawn.pixels, box, drawn.landmarks if landmarks else None)


def moving(part: str, rotation: float, seed: int) -> NDArray[np.bool_]:
    """Where a part of the face lies: the pixels that change when it alone takes each of the seven emotions."""
    rest = draw_face("neutral", size=SIZE, seed=seed, rotation=rotation).pixels.astype(int)
    moved = np.zeros((SIZE, SIZE), bool)
    for emotion in LABELS:
        drawn = draw_face("neutral", size=SIZE, seed=seed, rotation=rotation, **{part: emotion})
        moved |= np.abs(drawn.pixels - rest).max(axis=2) > 4
    return moved


@pytest.mark.parametrize("rotation", [0, 25, -40])
@pytest.mark.parametrize(
    ("part", "overlap", "recall"), [("brows", 0.6, 0.7), ("eyes", 0.5, 0.75), ("mouth", 0.55, 0.65)]
)
def test_a_part_lies_where_its_expressions_move_the_drawing(
    part: str, overlap: float, recall: float, rotation: float
) -> None:
    truth = moving(part, rotation, seed=3)
    regions = face_regions(whole(draw_face("neutral", size=SIZE, seed=3, rotation=rotation)), SIZE)
    found = regions == REGIONS.index(part)
    assert (truth & found).sum() / (truth | found).sum() > overlap
    assert (truth & found).sum() / truth.sum() > recall
    assert np.bincount(regions[truth], minlength=len(REGIONS)).argmax() == REGIONS.index(part)


@pytest.mark.parametrize("size", [48, 96])
@pytest.mark.parametrize("rotation", [0, 60, 180])
def test_every_landmark_lies_in_its_own_part(size: int, rotation: float) -> None:
    drawn = draw_face("happy", size=SIZE, rotation=rotation)
    box = Box(14, 8, 84, 90)
    face = crop_face(drawn.pixels, box, drawn.landmarks)
    regions = face_regions(face, size)
    inverse = np.linalg.inv(face.to_photo[:, :2])
    places = ((drawn.landmarks - face.to_photo[:, 2]) @ inverse.T + 1) / 2 * size
    names = [REGIONS[regions[int(y), int(x)]] for x, y in places]
    assert names == ["eyes", "eyes", "nose", "mouth", "mouth"]


def test_the_parts_are_a_partition_in_which_all_seven_occur() -> None:
    regions = face_regions(whole(draw_face("neutral", size=SIZE)), 96)
    assert regions.shape == (96, 96)
    assert set(np.unique(regions)) == set(range(len(REGIONS)))
    areas = np.bincount(regions.ravel())
    assert areas[REGIONS.index("cheeks")] > areas[REGIONS.index("mouth")] > areas[REGIONS.index("nose")]


def test_left_and_right_of_an_upright_face_mirror_each_other() -> None:
    regions = face_regions(whole(draw_face("neutral", size=SIZE)), 96)
    assert (regions == regions[:, ::-1]).mean() > 0.99


def test_without_landmarks_the_usual_layout_is_used_and_named() -> None:
    drawn = draw_face("sad", size=SIZE, rotation=30)
    face = whole(drawn, landmarks=False)
    assert region_source(face) == "canonical layout"
    assert region_source(whole(drawn)) == "landmarks"
    regions = face_regions(face, 48)
    for (x, y), name in zip((CANONICAL_LANDMARKS + 1) * 24, ["eyes", "eyes", "nose", "mouth", "mouth"], strict=True):
        assert REGIONS[regions[int(y), int(x)]] == name
    assert not np.array_equal(regions, face_regions(whole(drawn), 48))


@pytest.mark.parametrize("landmarks", [np.full((5, 2), 40.0), np.full((5, 2), np.nan)])
def test_landmarks_that_span_no_face_count_as_absent(landmarks: NDArray[np.float64]) -> None:
    pixels = draw_face("sad", size=SIZE).pixels
    astray = crop_face(pixels, Box(0, 0, SIZE, SIZE), None)
    astray = Face(astray.pixels, astray.box, astray.to_photo, landmarks.astype(np.float32))
    assert region_source(astray) == "canonical layout"
    np.testing.assert_array_equal(face_regions(astray, 48), face_regions(whole(draw_face("sad", size=SIZE), False), 48))


def test_a_profile_keeps_a_wide_head_and_its_nose() -> None:
    """Turned to the image's right: the eyes nearly coincide, the tip of the nose lies beyond both."""
    landmarks = np.array([[52, 38], [55, 38], [64, 50], [51, 63], [54, 63]], np.float32)
    face = crop_face(np.zeros((SIZE, SIZE, 3), np.uint8), Box(0, 0, SIZE, SIZE), landmarks)
    regions = face_regions(face, SIZE)
    assert REGIONS[regions[50, 63]] == "nose"
    assert np.ptp(np.flatnonzero((regions == REGIONS.index("cheeks")).any(axis=0))) > 22
    centre_of_skin = np.argwhere(regions == REGIONS.index("cheeks"))[:, 1].mean()
    assert centre_of_skin < 54, "what a turned head shows lies on the side away from its nose"


def test_a_face_on_the_real_photo(astronaut: NDArray[np.uint8]) -> None:
    from fer_explain.faces.detect import detect

    [face] = detect(astronaut).faces
    regions = face_regions(face, 70)
    mouth, hair, backdrop = (35, 57), (2, 3), (67, 67)  # columns and rows of the crop, as anyone sees them in it
    assert [REGIONS[regions[y, x]] for x, y in (mouth, hair, backdrop)] == ["mouth", "hair", "background"]
