"""From a photo to faces: order, directions, face crops and the choice of a detector."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from fer_explain.errors import FerError
from fer_explain.faces import detect as room
from fer_explain.faces.crop import CropRule
from fer_explain.faces.detect import FAST, Search, detect, is_face_crop, list_detectors, load_detector, whole_image
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.found import Found, nothing
from fer_explain.faces.look import find, unturned
from fer_explain.types import Face, Floats, Pixels, apply_affine

EYES = np.array([(161.0, 80.5), (195.0, 82.5)])


def eyes_in_crop(face: Face) -> Floats:
    """The eyes (2, 2) in the crop, normalised."""
    assert face.landmarks is not None
    return (face.landmarks[:2] - face.to_photo[:, 2]) @ np.linalg.inv(face.to_photo[:, :2]).T


@pytest.mark.parametrize("search", [Search(), FAST])
def test_finds_the_face_and_cuts_it_like_fer2013(astronaut: Pixels, search: Search) -> None:
    found = detect(astronaut, "mtcnn", search=search)
    (face,) = found.faces
    assert found.photo is astronaut
    assert found.detector == face.source == "mtcnn"
    np.testing.assert_allclose(face.landmarks[:2], EYES, atol=3)
    # In FER2013 the eyes lie at (-0.33, -0.19) and (0.43, -0.20), and vary by 0.1 (measured with this detector).
    np.testing.assert_allclose(eyes_in_crop(face), [(-0.38, -0.19), (0.38, -0.19)], atol=0.15)
    assert face.pixels.shape == (round(face.box.height),) * 2 + (3,)


def test_two_faces_come_largest_first(astronaut: Pixels) -> None:
    photo = np.full((400, 640, 3), 127, np.uint8)
    photo[100:300, :200] = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    photo[:, 240:] = astronaut
    large, small = detect(photo, "mtcnn").faces
    np.testing.assert_allclose(large.landmarks[:2], np.add(EYES, (240, 0)), atol=4)
    np.testing.assert_allclose(small.landmarks[:2], np.add(EYES / 2, (0, 100)), atol=4)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_face_on_its_side_or_head_gives_an_upright_crop(astronaut: Pixels, turns: int) -> None:
    photo = np.ascontiguousarray(np.rot90(astronaut, turns))
    found = detect(photo, "mtcnn")
    (face,) = found.faces
    assert found.photo is photo
    np.testing.assert_allclose(apply_affine(unturned(turns, 400, 400), face.landmarks[:2]), EYES, atol=4)
    np.testing.assert_allclose(eyes_in_crop(face), [(-0.38, -0.19), (0.38, -0.19)], atol=0.15)
    upright = detect(astronaut, "mtcnn").faces[0].pixels
    resized = cv2.resize(face.pixels, upright.shape[1::-1]).astype(int)
    assert np.abs(resized - upright).mean() < 25


def test_aligned_eyes_lie_level(astronaut: Pixels) -> None:
    matrix = cv2.getRotationMatrix2D((177, 94), -20, 1.0)
    tilted = cv2.warpAffine(astronaut, matrix, (400, 400), borderMode=cv2.BORDER_REPLICATE)
    for align, degrees in ((False, 23), (True, 0)):
        (face,) = detect(tilted, "mtcnn", CropRule(align_eyes=align)).faces
        (x0, y0), (x1, y1) = eyes_in_crop(face)
        assert math.degrees(math.atan2(y1 - y0, x1 - x0)) == pytest.approx(degrees, abs=5 if not align else 0.01)


def test_a_face_at_the_border_is_found_and_its_crop_is_whole(astronaut: Pixels) -> None:
    (face,) = detect(np.ascontiguousarray(astronaut[60:220, 146:300]), "mtcnn").faces
    assert face.pixels.shape[0] == face.pixels.shape[1] > 60


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(480, 640), (48, 48), (16, 300), (300, 16)])
def test_no_face_is_an_empty_list(value: int, shape: tuple[int, int]) -> None:
    photo = np.full((*shape, 3), value, np.uint8)
    assert detect(photo, "mtcnn").faces == []


@pytest.mark.parametrize("gray", [True, False])
@pytest.mark.parametrize("side", [48, 96])
def test_a_face_crop_is_recognised_and_left_whole(astronaut: Pixels, gray: bool, side: int) -> None:
    crop = cv2.resize(detect(astronaut, "mtcnn").faces[0].pixels, (side, side), interpolation=cv2.INTER_AREA)
    crop = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) if gray else crop
    assert is_face_crop(crop, "mtcnn")
    (face,) = detect(crop, "mtcnn").faces
    assert face.source == "face crop"
    np.testing.assert_array_equal(face.pixels, crop)
    np.testing.assert_allclose(face.corners, [[0, 0], [side, 0], [side, side], [0, side]])
    assert face.landmarks is not None
    np.testing.assert_allclose(eyes_in_crop(face), [(-0.38, -0.19), (0.38, -0.19)], atol=0.2)


def test_a_gray_square_without_a_found_face_counts_unless_flat() -> None:
    back_of_a_head = np.repeat(np.linspace(0, 200, 48 * 48).reshape(48, 48, 1).astype(np.uint8), 3, axis=2)
    assert is_face_crop(back_of_a_head, "mtcnn")
    assert not is_face_crop(back_of_a_head // 60, "mtcnn")
    assert not is_face_crop(back_of_a_head * np.array([1, 0, 1], np.uint8), "mtcnn")


def test_what_is_no_face_crop(astronaut: Pixels) -> None:
    thumbnail = cv2.resize(astronaut, (112, 112), interpolation=cv2.INTER_AREA)
    assert not is_face_crop(thumbnail, "mtcnn")  # the face takes a fifth of it
    assert detect(thumbnail, "mtcnn").faces[0].source == "mtcnn"
    crop = detect(astronaut, "mtcnn").faces[0].pixels
    assert not is_face_crop(cv2.resize(crop, (113, 113)), "mtcnn")
    assert not is_face_crop(cv2.resize(crop, (48, 64)), "mtcnn")
    assert detect(cv2.resize(crop, (96, 96)), "mtcnn", search=FAST).faces[0].source == "mtcnn"


@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (33, 33)])
def test_the_whole_image_is_a_square_around_it(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    face = whole_image(photo)
    side = max(shape)
    top, left = (side - shape[0]) // 2, (side - shape[1]) // 2
    assert face.source == "whole image"
    assert face.pixels.shape == (side, side, 3)
    np.testing.assert_allclose(face.pixels[top : top + shape[0], left : left + shape[1]], photo, atol=1)


def test_drawn_examples_are_found() -> None:
    (face,) = detect(draw_face("happy", size=224, seed=7).pixels, "mtcnn").faces
    assert face.box.height > 110


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("border", [0.0, 0.25])
def test_what_a_look_finds_comes_back_to_the_photo(turns: int, border: float) -> None:
    """A fake detector reports the one bright spot of what it is shown."""

    def spot(image: Pixels, smallest: float) -> Found:
        rows, columns = np.nonzero(image[..., 0] > 128)
        x, y = columns.mean() + 0.5, rows.mean() + 0.5
        assert max(image.shape) == round(100 * (1 + 2 * border))
        assert smallest == 20
        box = [x - 10, y - 20, x + 10, y + 20]
        return Found(np.array([box], np.float32), np.full((1, 5, 2), (x, y), np.float32), np.ones(1, np.float32))

    photo = np.zeros((120, 200, 3), np.uint8)
    photo[30:50, 140:160] = 255
    found = find(spot, photo, side=100, smallest=0.2, border=border, turns=turns)
    np.testing.assert_allclose(found.landmarks[0], np.tile((150, 40), (5, 1)), atol=0.5)
    half = (20, 40) if turns % 2 == 0 else (40, 20)
    np.testing.assert_allclose(found.boxes[0], [150 - half[0], 40 - half[1], 150 + half[0], 40 + half[1]], atol=0.5)


class Seen:
    """A fake detector that finds one face, always with the same score, and counts how often it is asked."""

    def __init__(self, score: float) -> None:
        self.score = score
        self.looks = 0

    def __call__(self, image: Pixels, smallest: float) -> Found:
        self.looks += 1
        if not self.score:
            return nothing()
        box = np.array([[10, 10, 40, 40]], np.float32)
        return Found(box, np.full((1, 5, 2), 20, np.float32), np.array([self.score], np.float32))


@pytest.mark.parametrize(("score", "search", "looks"), [(1.0, Search(), 1), (0.9, Search(), 5), (0.0, FAST, 1)])
def test_only_an_unsure_look_is_followed_by_others(
    monkeypatch: pytest.MonkeyPatch, score: float, search: Search, looks: int
) -> None:
    seen = Seen(score)
    monkeypatch.setattr(room, "_DETECTORS", {"mtcnn": lambda: seen})
    detect(np.zeros((200, 300, 3), np.uint8), search=search)
    assert seen.looks == looks


def test_auto_takes_the_first_detector_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Seen:
        raise FerError("There is no such file.")

    seen = Seen(1.0)
    monkeypatch.setattr(room, "_DETECTORS", {"yunet": missing, "mtcnn": lambda: seen})
    assert load_detector() == ("mtcnn", seen)
    assert detect(np.zeros((200, 300, 3), np.uint8)).detector == "mtcnn"
    with pytest.raises(FerError, match="no such file"):
        load_detector("yunet")
    monkeypatch.setattr(room, "_DETECTORS", {"yunet": lambda: seen, "mtcnn": missing})
    assert load_detector() == ("yunet", seen)


def test_an_unknown_detector_is_named() -> None:
    assert list_detectors() == ["auto", "yunet", "mtcnn"]
    with pytest.raises(FerError, match="no face detector 'haar'; known are auto, yunet, mtcnn"):
        detect(np.zeros((50, 50, 3), np.uint8), "haar")
